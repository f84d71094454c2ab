"""The language models of Tools/goldens/families.py beside Phi and Llama: configs, and readings.

transformers 5 scales the embeddings of words in Gemma, version 4 those of images too. A case with a reading
of version 4 is computed as that version does: by scaling what goes into the decoder. The logits of Gemma 2
are capped, as up to version 4.51.
"""

from __future__ import annotations

import torch
from transformers import (
    Gemma2Config,
    GemmaConfig,
    MistralConfig,
    Phi3Config,
    Qwen2Config,
    StableLmConfig,
)

# Shorter than the rows, so that it matters where it lies.
WINDOW = 7
STRENGTH, AFTER = 10, 12
NORMS_AFTER = ("post_attention_layernorm.weight", "post_feedforward_layernorm.weight")


def rope(**more) -> dict:
    return {"rope_type": "default", "rope_theta": 2000.0, **more}


def qwen2(text: dict) -> Qwen2Config:
    """Biases of queries, keys and values, and a head that is the table of embeddings."""
    return Qwen2Config(
        **text, num_attention_heads=4, num_key_value_heads=2, rope_parameters=rope(),
        tie_word_embeddings=True,
    )  # fmt: skip


def stablelm(text: dict) -> StableLmConfig:
    return StableLmConfig(
        **text, num_attention_heads=2, num_key_value_heads=2, use_qkv_bias=True,
        rope_parameters=rope(partial_rotary_factor=0.25), tie_word_embeddings=False,
    )  # fmt: skip


def mistral(text: dict) -> MistralConfig:
    return MistralConfig(
        **text, num_attention_heads=4, num_key_value_heads=2, sliding_window=WINDOW,
        rope_parameters=rope(), tie_word_embeddings=False,
    )  # fmt: skip


def phi3(text: dict) -> Phi3Config:
    return Phi3Config(
        **text, num_attention_heads=4, num_key_value_heads=2, sliding_window=WINDOW,
        rope_parameters=rope(), pad_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip


def gemma(text: dict, activation: str = "gelu_pytorch_tanh") -> GemmaConfig:
    return GemmaConfig(
        **text, num_attention_heads=2, num_key_value_heads=1, head_dim=8, hidden_act=activation,
        rope_parameters=rope(), pad_token_id=0, tie_word_embeddings=True,
    )  # fmt: skip


def gemma_of_version_4(text: dict) -> GemmaConfig:
    return gemma(text, "gelu")


def gemma2(text: dict) -> Gemma2Config:
    """Caps that are low enough to matter."""
    return Gemma2Config(
        **text, num_attention_heads=4, num_key_value_heads=2, head_dim=8, sliding_window=WINDOW,
        query_pre_attn_scalar=12, attn_logit_softcapping=3.0, final_logit_softcapping=30.0,
        rope_parameters=rope(), pad_token_id=0, tie_word_embeddings=True,
    )  # fmt: skip


# name: language model, whether image features are scaled like words, seed
MODELS = {
    "siglip-qwen2": (qwen2, None, 173),
    "siglip-stablelm": (stablelm, None, 12),
    "siglip-mistral": (mistral, None, 63),
    "siglip-phi3": (phi3, None, 49),
    "siglip-gemma": (gemma_of_version_4, True, 220),
    "siglip-gemma-5": (gemma, False, 2),
    "siglip-gemma2": (gemma2, True, 47),
}


def scale_all(model) -> None:
    """Scales what goes into the decoder instead of the words, as transformers 4 does."""
    language = model.model.language_model
    factor = language.config.hidden_size**0.5
    language.embed_tokens.embed_scale.fill_(1.0)

    def scale(_module, arguments, options):
        return arguments, options | {"inputs_embeds": options["inputs_embeds"] * factor}

    language.register_forward_pre_hook(scale, with_kwargs=True)


def cap_logits(model) -> None:
    """Caps logits, as Gemma 2 does everywhere but in LlavaForConditionalGeneration since version 4.52."""
    cap = model.config.text_config.final_logit_softcapping
    model.lm_head.register_forward_hook(
        lambda _module, _inputs, logits: torch.tanh(logits / cap) * cap
    )


def strengthen(name: str, model) -> None:
    """Lets blocks outweigh the embedding of the last token, which a tied head would only repeat."""
    make = MODELS[name][0]
    if not model.config.tie_word_embeddings:
        return
    with torch.no_grad():
        for key, value in model.model.language_model.named_parameters():
            if make is qwen2:
                if key.endswith(("o_proj.weight", "down_proj.weight")):
                    value.mul_(4)
                continue
            # Norms scale by one more than their weights.
            if "norm" in key:
                value.add_(AFTER if make is gemma2 and key.endswith(NORMS_AFTER) else -1)
            elif key.startswith("embed_tokens"):
                value.mul_(0.5)
            elif make is not gemma2 and key.endswith(("o_proj.weight", "down_proj.weight")):
                value.mul_(STRENGTH)


def finish(name: str, model) -> None:
    """What is to be done with a model whose parameters are drawn."""
    strengthen(name, model)
    if MODELS[name][1]:
        scale_all(model)
    if MODELS[name][0] is gemma2:
        cap_logits(model)


def readings(name: str) -> dict:
    """Fields of Mipha's own, where transformers 5 does not compute what it did when models were trained."""
    scales_images = MODELS.get(name, (None, None))[1]
    return {"mipha_scales_image_features": False} if scales_images is False else {}
