"""Why a number is what it is: from a sum on a statement down to two stands and the bytes in which they came."""
