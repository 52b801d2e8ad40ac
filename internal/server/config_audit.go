package server

import (
	"regexp"
	"strconv"
	"time"

	"creditmsg/internal/audit"
)

// AuditConfig says for how long it is known who changed what.
type AuditConfig struct {
	// Keep is how long entries of the audit log are kept: years or days, such as 5y or 400d;
	// 31d at least. Default 5y.
	Keep string `yaml:"keep" env:"KEEP"`
}

var keepForm = regexp.MustCompile(`^([1-9][0-9]{0,4})([yd])$`)

// kept is the time that Keep says, 0 for a text that says none: LoadConfig returns no Config
// that has such. A year has 366 days, so that none is too short.
func (c AuditConfig) kept() time.Duration {
	m := keepForm.FindStringSubmatch(c.Keep)
	if m == nil {
		return 0
	}
	days, _ := strconv.Atoi(m[1]) // the pattern has digits alone
	if m[2] == "y" {
		days *= 366
	}
	return time.Duration(min(days, mostKept)) * 24 * time.Hour
}

// mostKept, in days, is what a duration can hold.
const mostKept = 290 * 366

func (l *loading) checkAudit(c AuditConfig) {
	if c.kept() < audit.LeastKept {
		l.bad("audit.keep", "%q is not a time such as 5y or 400d, 31d at least", c.Keep)
	}
}
