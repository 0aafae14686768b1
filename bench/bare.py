"""The bare Hugging Face encoder: padded batches made beforehand, forward, nothing else."""

import copy
from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel, AutoTokenizer

from spacy_balc.batching import batches

BUDGETS = {"cpu": (512, 1024, 2048), "cuda": (8192, 16384, 32768)}  # padded tokens a batch


class BareEncoder:
    """A pretrained encoder in fp32 and bf16, with eager and scaled-dot-product attention."""

    def __init__(self, folder: str, device: str):
        self.device = device
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.models = {}
        for attention in ("eager", "sdpa"):
            model = AutoModel.from_pretrained(
                folder, attn_implementation=attention, add_pooling_layer=False
            )
            model = model.float().eval().requires_grad_(False).to(device)
            self.models[attention, "fp32"] = model
            self.models[attention, "bf16"] = copy.deepcopy(model).to(torch.bfloat16)

    def pieces(self, text: str) -> list[list[int]]:
        """The word pieces of a text, cut where the encoder's positions end."""
        most = self.models["eager", "fp32"].config.max_position_embeddings - 2
        ids = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        start, end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        return [[start, *ids[i : i + most], end] for i in range(0, max(1, len(ids)), most)]

    def batches(self, texts: Sequence[str], budget: int) -> list[dict[str, torch.Tensor]]:
        """Padded batches on the device, sorted by length, of at most `budget` padded pieces."""
        rows = [row for text in texts for row in self.pieces(text)]
        groups = batches([len(row) for row in rows], budget)
        return [self._padded([rows[i] for i in group]) for group in groups]

    def _padded(self, rows: list[list[int]]) -> dict[str, torch.Tensor]:
        tensors = [torch.tensor(row) for row in rows]
        ids = pad_sequence(tensors, batch_first=True, padding_value=self.tokenizer.pad_token_id)
        steps = torch.arange(ids.shape[1])
        mask = (steps < torch.tensor([len(row) for row in rows])[:, None]).long()
        return {"input_ids": ids.to(self.device), "attention_mask": mask.to(self.device)}

    @torch.inference_mode()
    def run(self, attention: str, precision: str, batches: list[dict[str, torch.Tensor]]) -> None:
        """The forward pass of all batches."""
        model = self.models[attention, precision]
        for batch in batches:
            model(**batch)

    def tasks(self, texts: Sequence[str], precision: str) -> dict:
        """The forward pass over texts, by name, in all settings that may be its best."""
        found = {}
        for budget in BUDGETS[self.device]:
            made = self.batches(texts, budget)
            for attention in ("eager", "sdpa"):
                name = f"bare {precision}, {attention}, {budget}"
                found[name] = lambda a=attention, made=made: self.run(a, precision, made)
        return found
