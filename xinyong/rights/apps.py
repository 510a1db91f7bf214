from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "xinyong.rights"
    label = "rights"
    verbose_name = "权益保护"

    def ready(self) -> None:
        """Declares its kinds of cases, what follows from its decisions, and how proofs of deletion of its are checked."""
        from xinyong.records import erased
        from xinyong.rights import appeal, complaint, kept_answers, objection, own_effects, repair  # noqa: F401 each declares its kind

        own_effects.declare()
        erased.watch(erased.KEPT_ANSWERS, kept_answers.left)
