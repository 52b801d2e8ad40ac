package sandbox

import (
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
	"creditmsg/internal/webhook"
)

// Shift makes what is open of a site as much older as by says, for the rows of one owner. It
// joins the transaction.
type Shift func(tx *db.Tx, siteID string, by time.Duration) error

// Shifts are the steps of an advance, in the order of their locks: of everybody whose rows move
// with the clock. There is no other list of them, and none of them can be left out.
func Shifts(messages *message.Service, deliver *delivery.Service, pays *billing.Service, sends *series.Service, templates *kakao.Service,
	hooks *webhook.Service) []Shift {
	return []Shift{messages.Shift, deliver.Shift, pays.Shift, sends.Shift, templates.Shift, hooks.Shift}
}

// Options say what test mode is made of.
type Options struct {
	// Off refuses everything: the operator wants no test mode.
	Off bool
	// Shifts are what Shifts gives; jobs come after all of them.
	Shifts []Shift
	// Busy counts what else than jobs is under way for a test site; nil = nothing.
	Busy func(tx *db.Tx, siteID string) (int64, error)
	// Channel and Template make up what the accounts of test sites call a channel and a
	// template, by account; the simulators take every id of the right form.
	Channel  func(siteID, name string) map[string]string
	Template func(siteID, code string, channel map[string]string) map[string]message.ProviderTemplate
}

// Service is test mode over one database. It is safe for concurrent use.
type Service struct {
	d      *db.DB
	keys   *site.Keys
	ledger *credit.Ledger
	queue  *queue.Queue
	kakao  *kakao.Service
	o      Options
}

// New makes the service.
func New(d *db.DB, keys *site.Keys, ledger *credit.Ledger, q *queue.Queue, k *kakao.Service, o Options) *Service {
	return &Service{d: d, keys: keys, ledger: ledger, queue: q, kakao: k, o: o}
}

// on refuses where the operator has switched test mode off.
func (s *Service) on() error {
	if s.o.Off {
		return fault.New(fault.Invalid, fault.CodeNotSupported, "test mode is switched off in this installation; its operator can allow it with test_mode.enabled")
	}
	return nil
}
