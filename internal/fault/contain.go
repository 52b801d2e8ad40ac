package fault

import (
	"fmt"
	"runtime/debug"
)

// Contain does something, and makes a panic of it an error of kind Internal whose text for the
// log has the panic and where it was. It is for goroutines of ours: there a panic would take the
// process, with all that others had under way. What was half done is what an error would leave,
// so do must be left sound by one.
func Contain(what string, do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = Wrap(fmt.Errorf("%s panicked: %v\n%s", what, cause, debug.Stack()), Internal, CodeInternal, "something went wrong on our side")
		}
	}()
	return do()
}
