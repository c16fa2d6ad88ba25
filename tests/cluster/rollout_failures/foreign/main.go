// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// A program that is built for an architecture that the node has not.
package main

import "time"

func main() {
	time.Sleep(time.Hour)
}
