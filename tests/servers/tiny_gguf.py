"""A language model of random weights in a GGUF file: a few hundred kilobytes that llama.cpp takes for a real model.

    write_tiny_gguf(folder / "tiny.gguf")

It knows no language, but everything around it is real: a byte-level BPE of some four thousand tokens, a ChatML template
with tools in the `<tool_call>` form, quantised matrices. The same arguments give the same bytes.
"""

from __future__ import annotations

import string
from itertools import product
from pathlib import Path

import gguf
import numpy as np

CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")

TEMPLATE = r"""
{%- if tools %}
{{- '<|im_start|>system\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{% endif %}
{{- '# Tools\n\nYou may call one or more functions. Their signatures stand within <tools></tools>:\n<tools>' }}
{%- for tool in tools %}{{- '\n' }}{{- tool | tojson }}{% endfor %}
{{- '\n</tools>\n\nFor each call, return a JSON object within <tool_call></tool_call>:\n<tool_call>\n' }}
{{- '{"name": <name>, "arguments": <arguments>}\n</tool_call><|im_end|>\n' }}
{%- elif messages[0].role == 'system' %}
{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant\n' }}{%- if message.content %}{{- message.content }}{% endif %}
{%- for call in message.tool_calls or [] %}
{%- if call.function %}{%- set call = call.function %}{% endif %}
{{- '\n<tool_call>\n{"name": "' + call.name + '", "arguments": ' }}
{%- if call.arguments is string %}{{- call.arguments }}{% else %}{{- call.arguments | tojson }}{% endif %}
{{- '}\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\n' }}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\n<tool_response>\n' + message.content + '\n</tool_response><|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{% endif %}
""".strip()

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""One that knows no tools."""


def write_tiny_gguf(
    path: Path,
    *,
    context: int = 2048,
    layers: int = 2,
    width: int = 64,
    heads: int = 2,
    seed: int = 0,
    name: str = "Tiny",
    template: str | None = TEMPLATE,
) -> Path:
    """Write the model and give its path back. `context` is the window it claims to be trained for, in tokens.

    `width` is a multiple of 32, the block of Q8_0. `template` None: a file without chat template.
    """
    tokens, merges = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(len(tokens))
    _add_tokenizer(writer, tokens, merges, template)
    _add_weights(writer, np.random.default_rng(seed), len(tokens), layers, width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[str], list[str]]:
    """The tokens but the control ones, and the merges that make them: bytes, pairs of letters, both after a space."""
    letters = string.ascii_lowercase
    pairs = list(product(letters, letters))
    merges = [f"{a} {b}" for a, b in pairs]
    merges += [f"Ġ {letter}" for letter in string.ascii_letters + string.digits]
    merges += [f"Ġ {a}{b}" for a, b in pairs]
    merges += [f"{a}{b} {c}{d}" for (a, b), (c, d) in product(pairs[::16], pairs[::13])]
    return [*_bytes(), *(merge.replace(" ", "") for merge in merges)], merges


def _bytes() -> list[str]:
    """The 256 bytes as GPT-2 writes them: each as one printable character."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (byte for byte in range(256) if byte not in printable)
    shifted = {byte: chr(0x100 + position) for position, byte in enumerate(others)}
    return [shifted.get(byte, chr(byte)) for byte in range(256)]


def _add_tokenizer(writer: gguf.GGUFWriter, tokens: list[str], merges: list[str], template: str | None) -> None:
    kinds = [gguf.TokenType.NORMAL] * len(tokens) + [gguf.TokenType.CONTROL] * len(CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*tokens, *CONTROL])
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(len(tokens))
    writer.add_eos_token_id(len(tokens) + CONTROL.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)


def _add_weights(writer: gguf.GGUFWriter, random: np.random.Generator, tokens: int, layers: int, width: int) -> None:
    def matrix(name: str, rows: int, columns: int) -> None:
        weights = random.normal(0.0, columns**-0.5, (rows, columns)).astype(np.float32)
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(f"{name}.weight", gguf.quantize(weights, kind), raw_dtype=kind)

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))

    matrix("token_embd", tokens + len(CONTROL), width)  # the output layer too, as there is none of its own
    norm("output_norm")
    for layer in range(layers):
        for part in ("attn_norm", "ffn_norm"):
            norm(f"blk.{layer}.{part}")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"blk.{layer}.{part}", width, width)
        for part, rows, columns in (("gate", 2 * width, width), ("up", 2 * width, width), ("down", width, 2 * width)):
            matrix(f"blk.{layer}.ffn_{part}", rows, columns)
