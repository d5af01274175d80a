using System.Runtime.InteropServices;

namespace IoTPlatform.Pki.Crypto;

/// <summary>
/// libcrypto's ECDSA verification under a key seen once.
/// (The BCL multiplies every imported point by the group order, 80 µs; on these cofactor-1 curves lying on the curve says the same.)
/// Where the library or a symbol is missing the caller falls back or refuses.
/// </summary>
internal static unsafe class LibCrypto
{
    private static readonly delegate* unmanaged<int, nint> EcKeyNew;
    private static readonly delegate* unmanaged<nint, byte*, nint, nint, int> EcKeyFromPoint;
    private static readonly delegate* unmanaged<nint, void> EcKeyFree;
    private static readonly delegate* unmanaged<int, byte*, int, byte*, int, nint, int> EcdsaVerify;
    private static readonly delegate* unmanaged<void> ClearErrors;

    static LibCrypto()
    {
        if (!OperatingSystem.IsLinux() || !(NativeLibrary.TryLoad("libcrypto.so.3", out var library) || NativeLibrary.TryLoad("libcrypto.so.1.1", out library)))
        {
            return;
        }

        ClearErrors = (delegate* unmanaged<void>)Symbol(library, "ERR_clear_error");
        EcKeyNew = (delegate* unmanaged<int, nint>)Symbol(library, "EC_KEY_new_by_curve_name");
        EcKeyFromPoint = (delegate* unmanaged<nint, byte*, nint, nint, int>)Symbol(library, "EC_KEY_oct2key");
        EcKeyFree = (delegate* unmanaged<nint, void>)Symbol(library, "EC_KEY_free");
        EcdsaVerify = (delegate* unmanaged<int, byte*, int, byte*, int, nint, int>)Symbol(library, "ECDSA_verify");
        HasEcdsa = ClearErrors is not null && EcKeyNew is not null && EcKeyFromPoint is not null && EcKeyFree is not null && EcdsaVerify is not null;
    }

    public static bool HasEcdsa { get; }

    /// <summary>Null when the point is not on the curve. The signature is a DER Ecdsa-Sig-Value.</summary>
    public static bool? VerifyEcdsa(KeyKind curve, ReadOnlySpan<byte> point, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        var nid = curve switch { KeyKind.P256 => 415, KeyKind.P384 => 715, _ => 716 };
        var key = EcKeyNew(nid);
        if (key == 0)
        {
            ClearErrors();
            throw new PkiException(PkiError.UnsupportedKey, "This platform's OpenSSL does not offer the curve.");
        }

        try
        {
            fixed (byte* p = point, h = hash, s = signature)
            {
                if (EcKeyFromPoint(key, p, point.Length, 0) != 1)
                {
                    ClearErrors();
                    return null;
                }

                if (EcdsaVerify(0, h, hash.Length, s, signature.Length, key) == 1)
                {
                    return true;
                }
            }

            ClearErrors();
            return false;
        }
        finally
        {
            EcKeyFree(key);
        }
    }

    private static void* Symbol(nint library, string name) => NativeLibrary.TryGetExport(library, name, out var address) ? (void*)address : null;
}
