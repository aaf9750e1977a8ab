// Sums of look-ups, for networks whose connections or activations are tables.
//
// Every look-up rounds its value to a format of its own (to nearest, halves up), wraps it around or saturates it, and
// reads its own part of the entries, which stand in the order of the two's complement bits of the address.
#ifndef NNET_TABLES_H_
#define NNET_TABLES_H_

#include "nnet_common.h"

namespace nnet {

template <class data_T, typename CONFIG_T> unsigned table_address(data_T value, unsigned lookup) {
    #pragma HLS INLINE
    const int fine = 30; // fractional bits of the working format
    const int shift = fine - CONFIG_T::fractional(lookup);
    const int bits = CONFIG_T::bits(lookup);
    ap_fixed<64, 64 - fine> wide = value;
    ap_int<64> count = wide.range(63, 0);
    count = (count + (ap_int<64>(1) << (shift - 1))) >> shift;
    if (CONFIG_T::overflow != 0) { // 0 wraps, 1 saturates, 2 saturates symmetrically
        ap_int<64> low = 0;
        if (CONFIG_T::is_signed(lookup))
            low -= ap_int<64>(1) << (bits - 1);
        const ap_int<64> high = low + (ap_int<64>(1) << bits) - 1;
        if (CONFIG_T::overflow == 2 && CONFIG_T::is_signed(lookup))
            low += 1;
        if (count < low)
            count = low;
        if (count > high)
            count = high;
    }
    return (unsigned)(count & ((ap_int<64>(1) << bits) - 1));
}

// Output o is the sum over i of entries[first(i * n_out + o) + address of data[i]]; one term is data[o] itself.
template <class data_T, class res_T, typename CONFIG_T>
void tables(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_out],
            typename CONFIG_T::table_t entries[CONFIG_T::n_entries]) {
    #pragma HLS PIPELINE II = CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable = entries complete
    for (unsigned o = 0; o < CONFIG_T::n_out; o++) {
        #pragma HLS UNROLL
        typename CONFIG_T::accum_t sum = 0;
        for (unsigned i = 0; i < CONFIG_T::n_terms; i++) {
            #pragma HLS UNROLL
            const unsigned lookup = i * CONFIG_T::n_out + o;
            const data_T value = data[CONFIG_T::n_terms == 1 ? o : i];
            sum += entries[CONFIG_T::first(lookup) + table_address<data_T, CONFIG_T>(value, lookup)];
        }
        res[o] = sum;
    }
}

} // namespace nnet

#endif
