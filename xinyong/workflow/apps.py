from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    name = "xinyong.workflow"
    label = "workflow"
    verbose_name = "工作流转"
