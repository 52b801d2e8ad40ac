package api

import (
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// tallyView counts the recipients of a request by what became of them on arrival.
type tallyView struct {
	Total     int64 `json:"total"`
	Accepted  int64 `json:"accepted"`
	Duplicate int64 `json:"duplicate"`
	Rejected  int64 `json:"rejected"`
}

// receiptView is the reply to a message that was accepted.
type receiptView struct {
	ID                  string              `json:"id"`
	Status              string              `json:"status" enum:"accepted,scheduled,review"`
	Strategy            string              `json:"strategy"`
	Policy              string              `json:"policy,omitempty" doc:"The name of the site's own strategy."`
	Recipients          tallyView           `json:"recipients"`
	Rejections          []message.Rejection `json:"rejections" doc:"The first 10,000."`
	RejectedByCode      map[string]int64    `json:"rejected_by_code"`
	RejectionsTruncated bool                `json:"rejections_truncated"`
	Duplicates          []message.Duplicate `json:"duplicates" doc:"The first 10,000; each number is sent once."`
	Planned             channelCounts       `json:"planned" doc:"First steps."`
	Fallback            fallbackCounts      `json:"fallback" doc:"Second steps, taken only when the first fails."`
	EstimatedCost       money.Amount        `json:"estimated_cost" doc:"The price of the first steps."`
	Held                money.Amount        `json:"held" doc:"The worst case, set aside from the credit."`
	ScheduledAt         maybeInstant        `json:"scheduled_at"`
	CreatedAt           instant             `json:"created_at"`
}

func showReceipt(r message.Receipt) receiptView {
	return receiptView{
		ID: r.Message.ID.Text(id.Message), Status: string(r.State), Strategy: string(r.Strategy), Policy: r.Policy,
		Recipients: tallyView{r.Total, r.Accepted, r.Duplicate, r.Rejected},
		Rejections: present(r.Rejections), RejectedByCode: orEmpty(r.RejectedBy), RejectionsTruncated: r.Truncated(), Duplicates: present(r.Duplicates),
		Planned: perChannel(r.Tally.Planned), Fallback: perFallback(r.Tally.Fallback),
		EstimatedCost: r.Tally.Estimated, Held: r.Tally.Held,
		ScheduledAt: maybeInstant(r.ScheduledAt), CreatedAt: instant(r.CreatedAt),
	}
}

// present makes an absent list an empty one, which JSON writes as [].
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func orEmpty(m map[string]int64) map[string]int64 {
	if m == nil {
		return map[string]int64{}
	}
	return m
}

// quoteView is what a message would cost.
type quoteView struct {
	EstimatedCost  money.Amount     `json:"estimated_cost" doc:"The price of the first steps."`
	ExpectedCost   money.Amount     `json:"expected_cost" doc:"With the fallbacks that are likely."`
	WorstCase      money.Amount     `json:"worst_case" doc:"What sending would hold."`
	ByChannel      channelQuotes    `json:"by_channel"`
	Bytes          byteRange        `json:"bytes" doc:"The shortest and the longest text, in bytes as carriers count them."`
	Recipients     int64            `json:"recipients" doc:"Who would be sent to: neither rejected nor a duplicate."`
	RejectedByCode map[string]int64 `json:"rejected_by_code"`
	Available      money.Amount     `json:"available"`
	Sufficient     bool             `json:"sufficient" doc:"Whether available covers worst_case."`
}

type byteRange struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

type channelQuotes struct {
	Alimtalk channelQuote `json:"alimtalk"`
	SMS      channelQuote `json:"sms"`
	LMS      channelQuote `json:"lms"`
	MMS      channelQuote `json:"mms"`
}

// channelQuote is the first steps by one channel.
type channelQuote struct {
	Count     int64        `json:"count"`
	UnitPrice money.Amount `json:"unit_price"`
	Cost      money.Amount `json:"cost"`
}

func showQuote(q message.Quote) quoteView {
	part := func(c provider.Channel) channelQuote {
		count, unit, cost := q.ByChannel(c)
		return channelQuote{count, unit, cost}
	}
	return quoteView{
		EstimatedCost: q.Tally.Estimated, ExpectedCost: q.Expected, WorstCase: q.Tally.Held,
		ByChannel: channelQuotes{part(provider.Alimtalk), part(provider.SMS), part(provider.LMS), part(provider.MMS)},
		Bytes:     byteRange{q.Bytes.Min, q.Bytes.Max}, Recipients: q.Recipients, RejectedByCode: orEmpty(q.RejectedBy),
		Available: q.Available, Sufficient: q.Sufficient(),
	}
}
