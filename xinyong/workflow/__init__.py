"""Shared machinery of work between offices (工作流转): what departments and subjects are told, in the office and in
their own area, by e-mail and by webhook.

``notices.tell`` enters a notice and, in the same transaction, what is to go out (``outbox``); a job delivers it, as often as it
takes. Verbs: notices and subject_notices (tell, inbox, mark_read), channels and subject_channels (set_up), outbox (deliver_due, resend).
"""
