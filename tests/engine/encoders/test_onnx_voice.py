"""Voice encoders from ONNX files: small graphs whose vectors are known from numpy, every layout, and what does not fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from onnx import TensorProto, external_data_helper, helper, load, numpy_helper, save_model

from engine.encoders.fbank import FrontEnd
from engine.encoders.onnx_voice import OnnxVoiceEncoder
from engine.errors import EncoderError, ShapeError
from engine.records import Audio
from tests.engine.encoders import small_voice
from tests.true_models import spoken

RATE_HZ = 16_000


def wave(seconds, seed=0, rate=RATE_HZ):
    return Audio(np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype(np.float32), rate)


def unit(row):
    return row / np.linalg.norm(row)


def encoder(tmp_path, facts=None, **options):
    path = small_voice.write(tmp_path / "net.onnx", **options)
    if facts is not None:
        (tmp_path / "net.earmark.json").write_text(json.dumps(facts))
    return OnnxVoiceEncoder(path, "cpu")


LAYOUTS = [("frames-bands", {}), ("bands-frames", {}), ("frames-bands", {"bands": "f"}), ("bands-frames", {"bands": "f"}),
           ("frames-bands", {"batch": 1}), ("bands-frames", {"batch": 3})]


@pytest.mark.parametrize(("layout", "options"), LAYOUTS)
def test_bands_in_every_layout_give_the_vector_of_the_graph(tmp_path, layout, options):
    made = encoder(tmp_path, layout=layout, **options)
    assert (made.spec.kind, made.spec.dim, made.spec.rate_hz) == ("voice", small_voice.DIM, RATE_HZ)
    assert (made.form.layout, made.form.bands, made.form.size) == (layout, 80, None)
    assert "80 bands, hamming window" in made.title
    found = made.embed(wave(3))
    raw = small_voice.vector(FrontEnd().of(wave(3).samples))
    assert found.vector == pytest.approx(unit(raw), abs=1e-4)
    assert found.norm == pytest.approx(float(np.linalg.norm(raw)), rel=1e-3)


@pytest.mark.parametrize("layout", ["wave", "channel-wave"])
def test_graphs_that_take_the_wave_itself(tmp_path, layout):
    made = encoder(tmp_path, layout=layout)
    assert made.form.layout == layout
    assert "takes waves" in made.title
    assert made.embed(wave(3)).vector == pytest.approx(unit(small_voice.vector(wave(3).samples)), abs=1e-4)


@pytest.mark.parametrize("layout", ["frames-bands", "bands-frames", "wave"])
def test_fixed_sizes_are_cut_and_filled(tmp_path, layout):
    size = RATE_HZ if layout == "wave" else 98  # one second, and the frames in it
    made = encoder(tmp_path, layout=layout, size=size, batch=1)
    assert (made.form.size, made.form.batch) == (size, 1)
    samples = RATE_HZ if layout == "wave" else FrontEnd().samples(98)

    def known(part):
        return unit(small_voice.vector(part if layout == "wave" else FrontEnd().of(part)))

    short = wave(0.3)
    assert made.embed(short).vector == pytest.approx(known(np.resize(short.samples, samples)), abs=1e-4)
    long = wave(1.6).samples
    starts = [*range(0, len(long) - samples, samples // 2), len(long) - samples]
    expected = unit(np.mean([known(long[start:start + samples]) for start in starts], axis=0))
    assert made.embed(Audio(long, RATE_HZ)).vector == pytest.approx(expected, abs=1e-4)


def test_long_stretches_are_the_mean_of_windows_that_overlap(tmp_path):
    made = encoder(tmp_path, {"window_s": 4})
    audio = wave(9)
    parts = [audio.samples[start:start + 64_000] for start in (0, 32_000, 64_000, 80_000)]
    expected = unit(np.mean([unit(small_voice.vector(FrontEnd().of(part))) for part in parts], axis=0))
    assert made.embed(audio).vector == pytest.approx(expected, abs=1e-4)


def test_alone_and_in_a_batch_and_again_the_vectors_are_equal(tmp_path):
    made = encoder(tmp_path)
    audios = [wave(seconds, seed) for seed, seconds in enumerate((0.4, 1, 3, 3, 3.00001, 12, 31, 3))]
    together = made.embed_many(audios)
    for audio, expected in zip(audios, together, strict=True):
        again = made.embed(audio)
        assert again.vector == pytest.approx(expected.vector, abs=1e-5)
        assert float(np.linalg.norm(again.vector)) == pytest.approx(1, abs=1e-6)
    assert made.embed_many([]) == []
    assert (made.embed(audios[2]).vector == made.embed(audios[2]).vector).all()


def test_other_rates_are_resampled_and_loudness_does_not_matter(tmp_path):
    made = encoder(tmp_path)
    speech = spoken(1)
    from engine.audio.resample import resample

    other = Audio(resample(speech.samples, speech.rate_hz, 44_100), 44_100)
    assert float(made.embed(other).vector @ made.embed(speech).vector) > 0.99
    quiet = Audio(speech.samples * np.float32(0.01), speech.rate_hz)
    assert made.embed(quiet).vector == pytest.approx(made.embed(speech).vector, abs=1e-3)


def test_of_several_outputs_the_embedding_is_taken(tmp_path):
    made = encoder(tmp_path, more_outputs=True)
    assert made.spec.dim == small_voice.DIM
    assert made.embed(wave(2)).vector == pytest.approx(unit(small_voice.vector(FrontEnd().of(wave(2).samples))), abs=1e-4)


def test_families_and_single_facts_change_the_front_end_and_the_spec(tmp_path):
    ends, specs = [], set()
    for number, (facts, metadata) in enumerate((
            (None, {}), ({"family": "3d-speaker"}, {}), (None, {"framework": "3d-speaker"}), ({"cmn": False}, {}),
            ({"family": "wespeaker"}, {"framework": "3d-speaker"}), ({"family": "3d-speaker", "window": "hamming"}, {}))):
        made = encoder(tmp_path / str(number), facts, metadata=metadata)
        ends.append((made.front_end.window, made.front_end.scale, made.front_end.mean))
        specs.add(made.spec.sha256)
    assert ends == [("hamming", 32_768.0, True), ("povey", 1.0, True), ("povey", 1.0, True), ("hamming", 32_768.0, False),
                    ("hamming", 32_768.0, True), ("hamming", 1.0, True)]
    assert len(specs) == 6
    assert encoder(tmp_path / "rate", {"rate_hz": 8_000}).spec.rate_hz == 8_000
    assert encoder(tmp_path / "said", metadata={"sample_rate": "8000"}).spec.rate_hz == 8_000


def test_other_numbers_of_bands_are_read_from_the_shape_or_the_facts(tmp_path):
    path = tmp_path / "net.onnx"
    for shape, facts, expected in ((["n", "t", 64], {}, ("frames-bands", 64, None)),
                                   (["n", 40, "t"], {}, ("bands-frames", 40, None)),
                                   (["n", 200, 96], {"bands": 96}, ("frames-bands", 96, 200)),
                                   (["n", 80, 80], {"layout": "bands-frames"}, ("bands-frames", 80, 80))):
        bands = expected[1]
        first = expected[0] == "bands-frames"
        _graph(path, [helper.make_node("ReduceMax", ["x"], ["out"], axes=[2 if first else 1], keepdims=0)],
               [("x", TensorProto.FLOAT, shape)], [("out", ["n", bands])])
        (tmp_path / "net.earmark.json").write_text(json.dumps(facts))
        made = OnnxVoiceEncoder(path, "cpu")
        assert (made.form.layout, made.form.bands, made.form.size) == expected
        assert made.spec.dim == bands
        if expected[2] is None:
            assert made.embed(wave(2)).vector == pytest.approx(unit(FrontEnd(bands=bands).of(wave(2).samples).max(0)), abs=1e-4)


def test_a_graph_traced_with_one_row_is_run_row_by_row(tmp_path):
    """Its input says that any batch will do; inside, the rows are put together."""
    path = tmp_path / "net.onnx"
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "shape"], ["one"]),
         helper.make_node("ReduceMax", ["one"], ["high"], axes=[1], keepdims=0),
         helper.make_node("MatMul", ["high", "w"], ["emb"])],
        "traced", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", "t", 80])],
        [helper.make_tensor_value_info("emb", TensorProto.FLOAT, ["b", 8])],
        [numpy_helper.from_array(np.array([1, -1, 80], np.int64), "shape"),
         numpy_helper.from_array(small_voice.weights(80, 8), "w")])
    small_voice.save(graph, path)
    made = OnnxVoiceEncoder(path, "cpu")
    audios = [wave(2, seed) for seed in range(3)]
    for audio, row in zip(audios, made.embed_many(audios), strict=True):
        assert row.vector == pytest.approx(unit(FrontEnd().of(audio.samples).max(0) @ small_voice.weights(80, 8)), abs=1e-4)


@pytest.mark.parametrize(("samples", "said"), [
    (np.zeros(16_000, np.float32), "silent"), (np.zeros(0, np.float32), "not an empty one"),
    (np.full(16_000, np.nan, np.float32), "no numbers")])
def test_what_is_no_speech_has_no_vector(tmp_path, samples, said):
    with pytest.raises(ShapeError, match=said):
        encoder(tmp_path).embed(Audio(samples, RATE_HZ))


def test_a_net_that_gives_nothing_for_one_stretch_says_so(tmp_path):
    made = encoder(tmp_path)
    made._session = type("Broken", (), {"run": lambda self, outputs, given: [
        np.full((len(next(iter(given.values()))), small_voice.DIM), np.inf, np.float32)]})()
    with pytest.raises(ShapeError, match="NaN or infinity"):
        made.embed(wave(2))


def test_memory_that_is_not_enough_makes_smaller_batches(tmp_path):
    made, sizes = encoder(tmp_path), []
    true = made._session

    class Small:
        def run(self, outputs, given):
            rows = len(next(iter(given.values())))
            sizes.append(rows)
            if rows > 4:
                raise RuntimeError("Failed to allocate memory for requested buffer of size 9")
            return true.run(outputs, given)

    made._session = Small()
    assert len(made.embed_many([wave(1, seed) for seed in range(12)])) == 12
    assert max(sizes) > 4 >= sizes[-1]


# --- files that do not fit ------------------------------------------------------------------------------------------------


def _graph(path, nodes, inputs, outputs, weights=()):
    small_voice.save(helper.make_graph(nodes, "other", [
        helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs], [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs], list(weights)), path)


def _text(path):
    path.write_text("This is not a model.\n" * 40)
    return "no ONNX model, or it is cut off"


def _empty(path):
    path.write_bytes(b"")
    return "no ONNX model, or it is cut off"


def _cut_off(path):
    small_voice.write(path)
    path.write_bytes(path.read_bytes()[:-2_000])
    return "no ONNX model, or it is cut off"


def _three_inputs(path):
    _graph(path, [helper.make_node("Sum", ["a", "b", "c"], ["out"])],
           [(name, TensorProto.FLOAT, ["n", 8]) for name in "abc"], [("out", ["n", 8])])
    return r"has to take one float input.*a tensor\(float\).*b tensor\(float\).*c tensor\(float\)"


def _whole_numbers(path):
    _graph(path, [helper.make_node("Cast", ["x"], ["out"], to=TensorProto.FLOAT)], [("x", TensorProto.INT64, ["n", 8])],
           [("out", ["n", 8])])
    return r"has to take one float input.*int64"


def _picture(path):
    _graph(path, [helper.make_node("GlobalAveragePool", ["x"], ["p"]), helper.make_node("Flatten", ["p"], ["out"])],
           [("x", TensorProto.FLOAT, ["n", 3, 64, 64])], [("out", ["n", 3])])
    return r"has to take one float input.*\[.n., 3, 64, 64\]"


def _frames_out(path):
    _graph(path, [helper.make_node("Relu", ["x"], ["out"])], [("x", TensorProto.FLOAT, ["n", "t", 80])],
           [("out", ["n", "t", 80])])
    return r"one vector each.*gives out \[1, 98, 80\]"


def _not_a_number(path):
    small_voice.write(path, nan=True)
    return "no usable vector"


def _zero(path):
    _graph(path, [helper.make_node("Sub", ["x", "x"], ["y"]),
                  helper.make_node("ReduceMax", ["y"], ["out"], axes=[1], keepdims=0)],
           [("x", TensorProto.FLOAT, ["n", "t", 80])], [("out", ["n", 80])])
    return "no usable vector"


def _changing_size(path):
    _graph(path, [helper.make_node("Flatten", ["x"], ["out"])], [("x", TensorProto.FLOAT, ["n", "t", 80])], [("out", ["n", "d"])])
    return "7840 numbers for a second and 13440 for a longer stretch"


def _random(path):
    _graph(path, [helper.make_node("ReduceMax", ["x"], ["m"], axes=[1], keepdims=0),
                  helper.make_node("RandomNormalLike", ["m"], ["r"]), helper.make_node("Add", ["m", "r"], ["out"])],
           [("x", TensorProto.FLOAT, ["n", "t", 80])], [("out", ["n", 80])])
    return "other numbers each time.*evaluation mode"


def _weights_elsewhere(path):
    small_voice.write(path)
    model = load(str(path))
    external_data_helper.convert_model_to_external_data(model, location="weights.data", size_threshold=0)
    save_model(model, str(path))
    assert OnnxVoiceEncoder(path, "cpu").files[1].name == "weights.data"
    (path.parent / "weights.data").unlink()
    return "keeps its weights in “weights.data”, which is not beside it"


def _too_new(path):
    small_voice.write(path, opset=99)
    return r"newer ONNX \(opset 99; up to \d+ can be read\)"


def _no_operator(path):
    small_voice.save(helper.make_graph([helper.make_node("SecretPooling", ["x"], ["out"], domain="secret")], "other",
                                       [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "t", 80])],
                                       [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 8])]), path)
    return "cannot be loaded"


def _huge_vectors(path):
    _graph(path, [helper.make_node("ReduceMax", ["x"], ["m"], axes=[1], keepdims=0),
                  helper.make_node("Tile", ["m", "times"], ["out"])],
           [("x", TensorProto.FLOAT, ["n", "t", 80])], [("out", ["n", "d"])],
           [numpy_helper.from_array(np.array([1, 1_000], np.int64), "times")])
    return "vectors of 80000 numbers; 8192 can be kept at the most"


def _neither_is_bands(path):
    _graph(path, [helper.make_node("ReduceMax", ["x"], ["out"], axes=[1], keepdims=0)],
           [("x", TensorProto.FLOAT, ["n", 200, 96])], [("out", ["n", 96])])
    return "neither size is 80 bands"


@pytest.mark.parametrize("make", [
    _text, _empty, _cut_off, _three_inputs, _whole_numbers, _picture, _frames_out, _not_a_number, _zero, _changing_size, _random,
    _weights_elsewhere, _too_new, _no_operator, _huge_vectors,
    _neither_is_bands])
def test_what_does_not_fit_is_said_in_one_sentence(tmp_path, make):
    said = make(tmp_path / "net.onnx")
    with pytest.raises(EncoderError, match=said) as raised:
        OnnxVoiceEncoder(tmp_path / "net.onnx", "cpu")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("facts", "said"), [
    ("[1]", "has to hold an object"), ("{", "cannot be read as JSON"), ('{"family": "x"}', "family.*wespeaker, 3d-speaker"),
    ('{"family": ["x"]}', "family"), ("[" * 100_000, "cannot be read as JSON"),
    ('{"rate_hz": 1}', "rate_hz.*between"), ('{"window": "tukey"}', "window.*hamming"), ('{"layout": "x"}', "frames-bands"),
    ('{"bands": "many"}', "bands.*between"), ('{"window_s": 1e9}', "window_s.*between")])
def test_facts_that_make_no_sense(tmp_path, facts, said):
    path = small_voice.write(tmp_path / "net.onnx")
    (tmp_path / "net.earmark.json").write_text(facts)
    with pytest.raises(EncoderError, match=said):
        OnnxVoiceEncoder(path, "cpu")


def test_a_folder_holds_one_of_them(tmp_path):
    path = small_voice.write(tmp_path / "folder" / "net.onnx")
    assert OnnxVoiceEncoder(path.parent, "cpu").spec == OnnxVoiceEncoder(path, "cpu").spec
    small_voice.write(tmp_path / "folder" / "other.onnx")
    with pytest.raises(EncoderError, match=r"one ONNX file.*net\.onnx, other\.onnx"):
        OnnxVoiceEncoder(path.parent, "cpu")
    (tmp_path / "weights.pt").write_bytes(b"x")
    with pytest.raises(EncoderError, match=r"does not end in \.onnx"):
        OnnxVoiceEncoder(tmp_path / "weights.pt", "cpu")
