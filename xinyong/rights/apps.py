from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "xinyong.rights"
    label = "rights"
    verbose_name = "权益保护"

    def ready(self) -> None:
        """Declares what follows from this room's decisions, and how proofs of deletion of its are checked."""
        from xinyong.records import erased
        from xinyong.rights import kept_answers, own_effects

        own_effects.declare()
        erased.watch(erased.KEPT_ANSWERS, kept_answers.left)
