from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "xinyong.security"
    label = "security"
    verbose_name = "安全"

    def ready(self) -> None:
        """New connections learn who is acting."""
        from xinyong.security import scope

        scope.install()
