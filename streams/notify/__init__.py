"""Notices to people: what is on `pingliu.notices` goes to webhooks of WeCom, DingTalk and others (docs/notices.md)."""
