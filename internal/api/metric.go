package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meter measures requests; its labels are from closed lists.
type meter struct {
	requests *prometheus.HistogramVec
}

// newMeter registers with r, or measures for nobody when r is nil.
func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "creditmsg_http_request_seconds",
		Help:    "Time to answer a request, by route pattern, method and class of status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"route", "method", "status"})}
	if r == nil {
		return m, nil
	}
	return m, r.Register(m.requests)
}

func (m *meter) took(route, method string, status int, d time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status/100)+"xx").Observe(d.Seconds())
}
