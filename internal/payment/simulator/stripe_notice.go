package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
)

// stripePauses are, in minutes, those after each call that was not answered with a success:
// about three days in all.
var stripePauses = []int{1, 5, 30, 120, 300, 600, 720, 720, 720, 720}

// announce queues an event about an object as it now stands. The caller holds the lock.
func (s *Simulator) announce(t *story, now time.Time, kind string, about object) {
	id := newKey("evt_")
	text, err := json.Marshal(object{"id": id, "object": "event", "type": kind, "created": now.Unix(), "livemode": false, "pending_webhooks": 1,
		"data": object{"object": expanded(about, nil)}})
	if err != nil {
		return
	}
	s.tell(t, now, &notice{id: id, body: text, signed: true})
}

// stripeSignature is the header that proves a call: of the secret, the time and the body.
func stripeSignature(secret string, now time.Time, body []byte) string {
	t := strconv.FormatInt(now.Unix(), 10)
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte(t + "."))
	sum.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(sum.Sum(nil))
}
