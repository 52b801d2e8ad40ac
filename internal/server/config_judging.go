package server

import (
	"log/slog"

	"creditmsg/internal/delivery"
	"creditmsg/internal/invoice"
	"creditmsg/internal/message"
	"creditmsg/internal/rerun"
)

// What is decided about messages and their reports is decided by the same settings, whether a
// process decides it or a verb beside it: a run that a verb applies is finished by a process.

// judging are the settings by which messages are decided about; what accounts charge is asked
// of those that there are then.
func (c Config) judging(cost message.Cost) message.Options {
	return message.Options{FallbackWithin: c.Delivery.FallbackWithin, Night: c.Delivery.Night(), Cost: cost}
}

// reporting are the settings by which delivery reports are.
func (c Config) reporting() delivery.Options {
	d := c.Delivery
	return delivery.Options{
		ExpireText: d.ExpireText, ExpireLong: d.ExpireLong, LookupGrace: d.LookupGrace, Lease: d.Lease,
		Rest: d.Rest, Hang: d.Hang, Late: d.Late, Repeats: d.ReplayWindow, KeepReports: d.KeepReports,
		Choice: delivery.Choice{LeastCost: d.Prefer == "cost", Floor: float64(d.Floor) / 100},
	}
}

// rereading are those by which letters are read again.
func (c Config) rereading(log *slog.Logger) rerun.Options {
	return rerun.Options{ByInvoices: invoice.Refunded, Keep: c.Delivery.KeepReports, Log: log}
}
