"""ONNX: `model` opens a file safely, `constants` computes what does not depend on the picture, `chain` makes steps."""
