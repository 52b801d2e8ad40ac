package simulator

import (
	"net/http"
	"time"
)

// vendor is one company's way to speak about what all have in common: accounts, calls
// (here groups), messages, their life and their faults.
//
// The life of a message goes by the codes in message.go, which are Solapi's; what a number or
// a scenario forces is a raw code of the vendor, kept beside it in message.raw.
type vendor struct {
	kind string // as the accounts of the product call it: solapi, nhncloud, …

	// life is the code by which a raw code counts in the life of a message.
	life func(raw uint16) uint16

	// patient vendors take every leg of a call, and say in their reports which were wrong.
	patient bool

	// postPaid vendors never run out of money.
	postPaid bool

	// refuse writes what a request is answered that was not carried out; it returns the status.
	refuse func(w http.ResponseWriter, no *refusal) int

	// push makes the body and the header of a webhook call; nil = the vendor has to be asked.
	push func(s *Simulator, d *delivery) (http.Header, []byte)
}

// Hook is where the reports of a vendor go, and the secret that proves them.
type Hook struct{ URL, Secret string }

// solapi is the vendor whose codes the life of a message goes by.
var solapi = &vendor{
	kind:   "solapi",
	life:   func(raw uint16) uint16 { return raw },
	refuse: refuseSolapi,
	push:   (*Simulator).pushSolapi,
}

// gate answers a call of a vendor for those whom it lets in.
func (s *Simulator) gate(v *vendor, login func(*http.Request, time.Time) (*account, error), c call) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.answer(v, w, r, func(_ *account, r *http.Request) (any, error) {
			a, err := login(r, time.Now())
			switch {
			case err != nil:
				return nil, err
			case s.ended():
				return nil, refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "서비스를 이용할 수 없습니다.")
			}
			return c(a, r)
		}, nil)
	})
}

// handOverCall makes a group of a request in one phase and hands it over at once, unless
// every recipient was refused. Nothing stays of a request that was not carried out. The caller
// holds the lock.
func (s *Simulator) handOverCall(v *vendor, a *account, call group, drafts []draft, wire []wireMessage, now time.Time) (*group, error) {
	g := s.newGroup(v, a, call, now)
	if _, err := s.register(g, drafts, wire, true, now); err != nil {
		s.discard(g)
		return nil, err
	}
	if g.count.RegisteredSuccess == 0 {
		return g, nil
	}
	if err := s.handOverAsked(g, now, true); err != nil {
		if g.status == pending {
			s.discard(g)
		}
		return nil, err
	}
	return g, nil
}
