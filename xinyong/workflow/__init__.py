"""Shared machinery of work between offices (工作流转): what departments are told, in the office, by e-mail and by webhook.

``notices.tell`` enters a notice and, in the same transaction, what is to go out (``outbox``); a job delivers it, as often as it
takes. Verbs: notices (tell, inbox, mark_read), channels (set_up), outbox (deliver_due, resend).
"""
