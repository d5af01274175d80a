using System.Buffers;

namespace IoTPlatform.Pki.Signing;

/// <summary>Recognises a JWS signing input: a base64url JSON object, one dot, base64url.</summary>
internal static class JoseSigningInput
{
    private const int MaxBytes = 16384;

    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    /// <summary>'e' is how the base64url of "{" begins; DER would begin with 0x30, which is '0'.</summary>
    public static bool IsValid(ReadOnlySpan<byte> input) =>
        input.Length is > 2 and <= MaxBytes && input[0] == (byte)'e' && !input.ContainsAnyExcept(Alphabet) && input.Count((byte)'.') == 1;
}
