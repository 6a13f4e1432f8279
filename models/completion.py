"""A Reply as the OpenAI library has it, for libraries above that know nothing else."""

from __future__ import annotations

from openai.types.chat import ChatCompletion, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice
from openai.types.completion_usage import CompletionUsage

from gleanery.models.chat import Reply, Usage

# Copied for each reply: making these classes anew takes as long as all else that is done about a reply.
_MESSAGE = ChatCompletionMessage(role="assistant", content="")
_CHOICE = Choice(index=0, finish_reason="stop", message=_MESSAGE)
_COMPLETION = ChatCompletion(id="", object="chat.completion", created=0, model="", choices=[_CHOICE])
_USAGE = CompletionUsage(prompt_tokens=0, completion_tokens=0, total_tokens=0)


def as_completion(reply: Reply) -> ChatCompletion:
    """The reply's text in a ChatCompletion.

    Its usage is always there, zeros where the server told none: readers that find none look for it elsewhere, dearly.
    """
    message = _MESSAGE.model_copy(update={"content": reply.text})
    choice = _CHOICE.model_copy(update={"finish_reason": reply.finish, "message": message})
    usage = _usage(reply.usage or Usage(0, 0))
    return _COMPLETION.model_copy(update={"model": reply.model, "choices": [choice], "usage": usage})


def _usage(usage: Usage) -> CompletionUsage:
    total = usage.prompt + usage.completion
    update = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": total}
    return _USAGE.model_copy(update=update)
