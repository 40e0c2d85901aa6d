//! A PDF under the standard security handler, revision 2 (ISO 32000-1 7.6.3): any reader opens it without asking.

use super::Pdf;
use crate::{marker, noise};
use md5::{Digest, Md5};

/// JavaScript in a stream of a file that is encrypted with the empty user password (RC4, 40 bits; 7.6.3).
pub fn encrypted_javascript(seed: &str) -> Vec<u8> {
    let script = format!("app.alert('harmless {}');", marker(seed));
    let id = noise(0x1d, 16);
    let owner = rc4(&Md5::digest(PAD)[..5], &PAD);
    let permissions = (-4i32).to_le_bytes();
    let key = Md5::digest([&PAD[..], &owner, &permissions, &id].concat())[..5].to_vec();
    let sealed = |number: u8, data: &[u8]| rc4(&Md5::digest([key.as_slice(), &[number, 0, 0, 0, 0]].concat())[..10], data);
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let lock = format!(
        "<< /Filter /Standard /V 1 /R 2 /O <{}> /U <{}> /P -4 >>",
        hex(&owner),
        hex(&rc4(&key, &PAD))
    );
    let page = Pdf::new("", "/OpenAction 5 0 R");
    let open = Pdf {
        objects: page.objects.into_iter().filter(|(number, _)| *number != 4).collect(),
    };
    open.stream(4, "", &sealed(4, b"BT /F1 18 Tf 72 720 Td (A locked page.) Tj ET"), false)
        .object(5, "<< /S /JavaScript /JS 6 0 R >>")
        .stream(6, "", &sealed(6, script.as_bytes()), false)
        .object(7, &lock)
        .build(&format!("/Encrypt 7 0 R /ID [<{0}> <{0}>]", hex(&id)))
}

/// The padding of short passwords (7.6.3.3, algorithm 2, step a).
const PAD: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68,
    0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];

fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=255).collect();
    let mut j = 0u8;
    for i in 0..256 {
        j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len()]);
        state.swap(i, usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    let mut step = |byte: &u8| {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(usize::from(i), usize::from(j));
        byte ^ state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))]
    };
    data.iter().map(&mut step).collect()
}
