from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "xinyong.rights"
    label = "rights"
    verbose_name = "权益保护"
