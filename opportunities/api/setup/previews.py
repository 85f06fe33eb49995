"""What a change of hours or timers would do to open deadlines, as it is told before anybody saves it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadmaster.lib.api.serializers import Serializer
from opportunities.timers.preview import DeskRehearsal

_SAMPLE: Final = 100
_SECOND: Final = dt.timedelta(seconds=1)


class DeadlineMoveSerializer(Serializer[Any]):
    opportunity = serializers.IntegerField(source="id")
    before = serializers.DateTimeField()
    after = serializers.DateTimeField()


class RehearsalSerializer(Serializer[Any]):
    """`moves` are the first hundred, the nearest deadline first; the seconds are the largest shifts, in real time.

    Of very many, the nearest are worked out and the rest only counted: they are the `unseen` ones.
    """

    unchanged = serializers.IntegerField()
    unseen = serializers.IntegerField()
    moved = serializers.SerializerMethodField()
    earlier = serializers.IntegerField()
    later = serializers.IntegerField()
    most_seconds_lost = serializers.SerializerMethodField()
    most_seconds_gained = serializers.SerializerMethodField()
    moves = serializers.SerializerMethodField()

    def get_moved(self, rehearsal: DeskRehearsal) -> int:
        return len(rehearsal.moves)

    def get_most_seconds_lost(self, rehearsal: DeskRehearsal) -> int:
        return rehearsal.lost // _SECOND

    def get_most_seconds_gained(self, rehearsal: DeskRehearsal) -> int:
        return rehearsal.gained // _SECOND

    @extend_schema_field(DeadlineMoveSerializer(many=True))
    def get_moves(self, rehearsal: DeskRehearsal) -> Any:
        return DeadlineMoveSerializer(rehearsal.moves[:_SAMPLE], many=True).data


class HoursRehearsalSerializer(RehearsalSerializer):
    """`rehearsed` goes with the change: it says that this very one was looked at."""

    rehearsed = serializers.SerializerMethodField()

    def get_rehearsed(self, rehearsal: DeskRehearsal) -> str:
        return str(self.context["preview_token"])


class StageRehearsalSerializer(HoursRehearsalSerializer):
    """Beside the moves: clocks that would start or stop, and those that stand still and would keep another time."""

    start = serializers.IntegerField()
    stop = serializers.IntegerField()
    paused = serializers.IntegerField()
