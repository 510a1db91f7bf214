from django.apps import AppConfig


class OfficeConfig(AppConfig):
    name = "xinyong.office"
    label = "office"
    verbose_name = "工作台"
