"""CLUTRR as lo-fit runs it (fc2869/lo-fit, utils/dataloaders.py and utils/evaluate.py): stories, batches, exact match."""

import json
import pathlib
import random
import time

import torch

TEMPLATE = (
    'Read the following story about a family. "{story}" Assume the relations described in the story are all true. Based on relations '
    "between the fictional characters in the story (assume the relations are all true) and your commonsense knowledge about family "
    "relationship, how is {second} related to {first}? Answer: {second} is {first} 's\n")
IGNORED, EOS, NEW_TOKENS = -100, 2, 16


def prompt_of(record):
    story = record["clean_story"].replace("[", "").replace("]", "")
    first, second = record["query"][1:-1].replace("'", "").split(",")  # the second name keeps its leading blank
    return TEMPLATE.format(story=story, first=first, second=second)


def training_records(folder, count=300, seed=42):
    random.seed(seed)
    return random.sample(json.loads((pathlib.Path(folder) / "train.json").read_text()), count)


def test_records(folder):
    return json.loads((pathlib.Path(folder) / "test.json").read_text())


def encoded(tokenizer, record):
    """Ids of prompt, answer and end, and how many of them are prompt: by the offsets of the whole text."""
    prompt = prompt_of(record)
    whole = tokenizer.encode(prompt + record["target_text"])
    return whole.ids + [EOS], sum(start < len(prompt) for start, _ in whole.offsets)


def padded(rows):
    """Rows (ids, prompt length) padded on the right, labels on the response alone."""
    width = max(len(ids) for ids, _ in rows)
    tokens = torch.full((len(rows), width), EOS)
    mask, labels = torch.zeros_like(tokens), torch.full_like(tokens, IGNORED)
    for row, (ids, prompt) in enumerate(rows):
        tokens[row, :len(ids)] = torch.tensor(ids)
        mask[row, :len(ids)] = 1
        labels[row, prompt:len(ids)] = torch.tensor(ids[prompt:])
    return {"input_ids": tokens, "attention_mask": mask, "labels": labels}


def epochs(rows, count, batch, seed):
    """Batches of each epoch in a new order."""
    source = torch.Generator().manual_seed(seed)
    for _ in range(count):
        order = torch.randperm(len(rows), generator=source).tolist()
        yield [[rows[i] for i in order[start:start + batch]] for start in range(0, len(rows), batch)]


def train(rows, parameters, loss_of, rate, warmup_ratio=0.1, count=5, batch=8, seed=42, clip=1.0):
    """AdamW, linear schedule with warm-up, clipping. Returns the mean loss of each epoch, seconds and true tokens a second."""
    import transformers
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    steps = count * -(-len(rows) // batch)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, int(warmup_ratio * steps), steps)
    losses, tokens, started = [], 0, time.monotonic()
    for epoch, batches in enumerate(epochs(rows, count, batch, seed)):
        total = 0.0
        for chosen in batches:
            loss, shown = loss_of(chosen)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, clip)
            optimizer.step()
            schedule.step()
            total += shown
            tokens += sum(len(ids) for ids, _ in chosen)
        losses.append(round(total / len(batches), 4))
        print(f"epoch {epoch + 1}: loss {losses[-1]}, {time.monotonic() - started:.0f} s", flush=True)
    seconds = time.monotonic() - started
    return losses, round(seconds, 1), round(tokens / seconds, 1)


def exact_match(tokenizer, records, generate, batch=15):
    """Share of records answered right. `generate` takes ids padded on the left, their mask and the prompts' lengths."""
    prompts = [tokenizer.encode(prompt_of(record)).ids for record in records]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    right = [False] * len(prompts)
    for start in range(0, len(order), batch):
        chosen = order[start:start + batch]
        width = max(len(prompts[i]) for i in chosen)
        tokens = torch.full((len(chosen), width), EOS)
        mask = torch.zeros_like(tokens)
        for row, i in enumerate(chosen):
            tokens[row, width - len(prompts[i]):] = torch.tensor(prompts[i])
            mask[row, width - len(prompts[i]):] = 1
        with torch.no_grad():
            output = generate(tokens, mask, [len(prompts[i]) for i in chosen])
        for row, i in enumerate(chosen):
            said = tokenizer.decode(output[row, width:].tolist(), skip_special_tokens=True)
            right[i] = said.split(".")[0].strip().lower() == records[i]["target_text"].lower()
    return sum(right) / len(right), [i for i, good in enumerate(right) if good]
