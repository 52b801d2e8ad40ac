package api

import "creditmsg/internal/message"

// readNotify reads whether the site's people are told when the message is done. Left out, it
// is as the site has it.
func (o *order) readNotify(r *reading) {
	o.Notify = message.NoticeNever
	if r.boolean() {
		o.Notify = message.NoticeAsked
	}
}
