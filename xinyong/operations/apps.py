from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "xinyong.operations"
    label = "operations"
    verbose_name = "运维"
