import numpy as np

from reelfix.restoration.grain_blocks import SIDE, OverlappingBlocks
from reelfix.restoration.grain_noise import TILE, GrainTile


def test_noise_has_the_spectrum_asked_for() -> None:
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    power = np.exp(-40 * (rows**2 + 2 * columns**2)).astype(np.float32)[None]
    piece = GrainTile(power[None]).piece(TILE, TILE, 3, 0)[0, 0]
    found = np.square(np.abs(OverlappingBlocks(TILE, TILE).taken(piece)))[2:-2, 2:-2].mean(axis=(0, 1))
    error = 10 * np.log10(found / power[0])[power[0] > 0.1]
    assert np.abs(error).mean() < 0.6


def test_each_frame_and_layer_has_a_piece_of_its_own_and_always_the_same() -> None:
    tile = GrainTile(np.ones((1, 1, SIDE, SIDE // 2 + 1), np.float32))
    piece = tile.piece(60, 80, 5, 0)
    np.testing.assert_array_equal(piece, tile.piece(60, 80, 5, 0))
    assert abs(piece.std() - 1) < 0.05
    for number, layer in ((6, 0), (5, 1)):
        other = tile.piece(60, 80, number, layer)
        assert abs(np.corrcoef(piece.ravel(), other.ravel())[0, 1]) < 0.06


def test_a_larger_picture_begins_the_tile_again() -> None:
    piece = GrainTile(np.ones((2, 3, SIDE, SIDE // 2 + 1), np.float32)).piece(TILE + 9, TILE + 5, 0, 0)
    assert piece.shape == (2, 3, TILE + 9, TILE + 5)
    np.testing.assert_array_equal(piece[..., TILE:, TILE:], piece[..., :9, :5])
    np.testing.assert_array_equal(piece[0], piece[1])
