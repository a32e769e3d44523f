"""Training: it learns, a seed fixes it, checkpoints go on exactly, and what it gives runs on the array."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scamp_sim.exceptions import PlaneError, ProgramError  # noqa: E402
from scamp_sim.systems.pixelrnn import golden, study  # noqa: E402
from scamp_sim.systems.pixelrnn.data.clips import ClipSet  # noqa: E402
from scamp_sim.systems.pixelrnn.params import Weights  # noqa: E402
from scamp_sim.systems.pixelrnn.train.baselines import Recurrent  # noqa: E402
from scamp_sim.systems.pixelrnn.train.loop import Clips, Epoch, Settings, classify, refit, train  # noqa: E402
from scamp_sim.systems.pixelrnn.train.noise import StageErrors  # noqa: E402
from scamp_sim.training import labels as label  # noqa: E402

SHORT = Settings(epochs=3, batch=6, threads=1, noise=StageErrors.authors(), seed=5)


def state(net: Any) -> list[bytes]:
    return [v.detach().numpy().tobytes() for v in net.state_dict().values()]


def test_training_learns(drawn: Clips) -> None:
    trained = train(*drawn, Settings(epochs=6, batch=6, threads=1))
    assert trained.history[-1].loss < 0.7 * trained.history[0].loss
    assert [e.number for e in trained.history] == [1, 2, 3, 4, 5, 6]


def test_a_seed_fixes_everything_and_no_global_generator_is_touched(drawn: Clips) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    a = train(*drawn, SHORT)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    b = train(*drawn, SHORT)
    assert a.history == b.history
    assert state(a.net) == state(b.net)
    assert state(train(*drawn, replace(SHORT, seed=6)).net) != state(a.net)


def test_a_continued_run_ends_as_an_uninterrupted_one(drawn: Clips, tmp_path: Path) -> None:
    whole = train(*drawn, SHORT, test=drawn)

    class Stop(Exception):
        pass

    def stop(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise Stop

    path = tmp_path / "run.pt"
    with pytest.raises(Stop):
        train(*drawn, SHORT, test=drawn, checkpoint=path, log=stop)
    seen: list[Epoch] = []
    rest = train(*drawn, SHORT, test=drawn, checkpoint=path, log=seen.append)
    assert tuple(seen) == rest.history == whole.history
    assert state(rest.net) == state(whole.net)
    # done already: nothing is left to do, and the result is the same
    assert state(train(*drawn, SHORT, test=drawn, checkpoint=path).net) == state(whole.net)


def test_a_checkpoint_of_another_run_is_refused(drawn: Clips, tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    short = replace(SHORT, epochs=1)
    train(*drawn, short, checkpoint=path)
    with pytest.raises(ProgramError, match=r"run\.pt: made with rate 0\.01 \(here 0\.5\); choose another file"):
        train(*drawn, replace(short, rate=0.5), checkpoint=path)
    with pytest.raises(ProgramError, match="made with other noise; choose"):
        train(*drawn, replace(short, noise=StageErrors.none()), checkpoint=path)
    with pytest.raises(ProgramError, match="made with other clips; choose"):
        train(drawn[0][::-1], drawn[1], short, checkpoint=path)
    with pytest.raises(ProgramError, match="made with other test clips; choose"):
        train(*drawn, short, test=drawn, checkpoint=path)
    path.write_bytes(b"nothing")
    with pytest.raises(ProgramError, match="torch cannot read it as weights only"):
        train(*drawn, short, checkpoint=path)


def test_a_checkpoint_of_another_test_is_refused(drawn: Clips, tmp_path: Path) -> None:
    path, short = tmp_path / "run.pt", replace(SHORT, epochs=1)
    train(*drawn, short, test=drawn, checkpoint=path)
    begun: list[int] = []
    for test in ((drawn[0][:9], drawn[1][:9]), (drawn[0], drawn[1][::-1]), (drawn[0] > 99, drawn[1])):
        with pytest.raises(ProgramError, match="made with other test clips; choose"):
            train(*drawn, short, test=test, checkpoint=path, begun=lambda: begun.append(1))
    assert not begun
    train(*drawn, short, test=drawn, checkpoint=path, begun=lambda: begun.append(1))
    assert begun == [1]


def test_a_checkpoint_of_another_network_is_refused(drawn: Clips, tmp_path: Path) -> None:
    path, short = tmp_path / "run.pt", Settings(epochs=1, batch=6, threads=1)
    bits = drawn[0] > 128
    train(bits, drawn[1], short, net=Recurrent("MGU", binary=True, seed=1), checkpoint=path)
    with pytest.raises(ProgramError, match="made with network's binary True \\(here False\\)"):
        train(bits, drawn[1], short, net=Recurrent("MGU", binary=False, seed=1), checkpoint=path)
    with pytest.raises(ProgramError, match="made with other first weights; choose"):
        train(bits, drawn[1], short, net=Recurrent("MGU", binary=True, seed=2), checkpoint=path)
    with pytest.raises(ProgramError, match=r"made with network Recurrent \(here PixelRNN\)"):
        train(bits, drawn[1], short, checkpoint=path)
    train(bits, drawn[1], short, net=Recurrent("MGU", binary=True, seed=1), checkpoint=path)


def test_what_was_trained_says_the_same_on_the_array(drawn: Clips, tmp_path: Path) -> None:
    net = train(*drawn, replace(SHORT, epochs=2)).net
    net.to_weights().save(tmp_path / "w.npz")
    weights = Weights.load(tmp_path / "w.npz")
    clips = drawn[0][:6]
    labels: Any = drawn[1][:6]
    names = tuple(str(n) for n in range(6))
    found = study.validate(weights, ClipSet(clips, names, "drawn", labels), jobs=1)
    said = classify(net, net.store(clips))
    assert weights.decoder is not None
    assert [r.classes["array"] for r in found.records] == said.tolist()
    assert [weights.decoder.classify(golden.encode(c, weights).o) for c in clips] == said.tolist()


def test_a_decoder_is_fitted_to_what_a_chip_puts_out(drawn: Clips) -> None:
    weights = Weights.random(4, classes=9)
    planes = np.stack([golden.encode(c, weights).o for c in drawn[0]]) * 0.6 + 4
    fitted = refit(weights, planes, drawn[1].tolist(), epochs=30)
    assert np.array_equal(fitted.cnn, weights.cnn)
    assert fitted.decoder is not None
    assert (fitted.decoder.classify(planes) == drawn[1]).mean() > 0.9


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"epochs": 0}, "epochs must be an integer of at least 1, got 0"),
        ({"batch": 1}, "batch must be .*, got 1"),
        ({"rate": 0.0}, "rate must be a number above 0, got 0.0"),
        ({"rate": float("nan")}, "rate must be .*, got nan"),
        ({"layers": 3}, "layers must be 1 or 2, got 3"),
        ({"surrogate": "tan"}, "unknown surrogate gradient 'tan'.*tanh"),
        ({"seed": -1}, "seed must be .*, got -1"),
        ({"seed": 2**32}, "seed must be an integer in 0..4294967295, got 4294967296"),
    ],
)
def test_wrong_settings_are_told(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ProgramError, match=says):
        Settings(**options)


def test_wrong_clips_are_told(drawn: Clips) -> None:
    with pytest.raises(ProgramError, match="one a clip"):
        train(drawn[0], drawn[1][:3], SHORT)
    with pytest.raises(ProgramError, match="labels go from 0 up"):
        train(drawn[0], drawn[1] - 1, SHORT)
    with pytest.raises(ProgramError, match="no clip has label 9, but one has 1000000; number the classes"):
        train(drawn[0], np.where(np.arange(len(drawn[1])) == 0, 1_000_000, drawn[1]), SHORT)
    with pytest.raises(ProgramError, match="a label is 8, but the decoder has class 0 alone"):
        train(drawn[0], drawn[1] * 0, SHORT, test=drawn)
    with pytest.raises(ProgramError, match="a label is 8, but the decoder has classes 0 to 7"):
        train(*drawn, SHORT, net=Recurrent("SRNN", classes=8))
    with pytest.raises(ProgramError, match="they name 1,001 classes; at most 1,000"):
        label.count(np.arange(1001))
    with pytest.raises(PlaneError, match="there is no clip"):
        train(drawn[0][:0], drawn[1][:0], SHORT)
    with pytest.raises(PlaneError, match="the clips must have shape"):
        train(drawn[0][:, :4], drawn[1], SHORT)
