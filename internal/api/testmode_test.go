package api

import (
	"creditmsg/internal/message"
	"creditmsg/internal/sandbox"
)

// newSandbox makes test mode over a world.
func newSandbox(w *world) *sandbox.Service {
	return sandbox.New(w.d, w.keys, w.ledger, w.queue, w.deps.Kakao, sandbox.Options{
		Shifts: []sandbox.Shift{w.messages.Shift, w.delivery.Shift, w.billing.Shift, w.series.Shift, w.deps.Kakao.Shift}, Busy: w.delivery.Busy,
		Channel: func(string, string) map[string]string {
			return map[string]string{"solapi.test": "KA01PF260101000000000AbCdEfGhIjK"}
		},
		Template: func(string, string, map[string]string) map[string]message.ProviderTemplate {
			return map[string]message.ProviderTemplate{"solapi.test": {ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"}}
		},
	})
}
