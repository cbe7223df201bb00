"""A ClapModel small enough for a test: random weights and a tokenizer that was never trained, written as the hub has it."""

from __future__ import annotations

from pathlib import Path


def write(folder: Path, seed: int = 0, fused: bool = False, safe: bool = True) -> Path:
    """Make a checkpoint with transformers' own `save_pretrained`. The front end is the real one: 48 kHz, 10 s."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, RobertaTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters]
    tokenizer = RobertaTokenizerFast(vocab={token: number for number, token in enumerate(tokens)}, merges=[],
                                     model_max_length=512)
    tokenizer.save_pretrained(folder)
    text = {"vocab_size": len(tokens), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "intermediate_size": 64, "max_position_embeddings": 66, "pad_token_id": 1, "projection_dim": 24}
    audio = {"spec_size": 256, "num_mel_bins": 64, "patch_embeds_hidden_size": 16, "depths": [1, 1, 1, 1],
             "num_attention_heads": [2, 2, 2, 2], "hidden_size": 128, "projection_dim": 24, "enable_fusion": fused,
             "fusion_type": "aff_2d" if fused else None, "window_size": 8}
    torch.manual_seed(seed)
    net = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=24)).eval()
    with torch.no_grad():
        for parameter in net.parameters():  # larger than the ordinary start, so that sounds are told apart
            if parameter.dim() > 1:
                parameter.mul_(3)
    if safe:
        net.save_pretrained(folder)
    else:
        net.config.save_pretrained(folder)
        torch.save(net.state_dict(), folder / "pytorch_model.bin")
    ClapFeatureExtractor(truncation="fusion" if fused else "rand_trunc", padding="repeatpad").save_pretrained(folder)
    return folder
