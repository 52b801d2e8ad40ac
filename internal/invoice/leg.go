package invoice

import "creditmsg/internal/delivery"

// End is how a leg stands with us.
type End = delivery.LegEnd

// The ends. An empty one: we know of no such leg.
const (
	Charged    = delivery.LegCharged
	ReportedNo = delivery.LegFailed
	Late       = delivery.LegLate
	Released   = delivery.LegReleased
	Open       = delivery.LegOpen
)

// leg is one hand-over to one phone as our rows tell it.
type leg = delivery.Leg
