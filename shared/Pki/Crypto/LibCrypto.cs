using System.Runtime.InteropServices;

namespace IoTPlatform.Pki.Crypto;

/// <summary>
/// The few libcrypto calls the BCL has no equivalent for: Ed25519 verification, and ECDSA verification under a key seen once.
/// (The BCL multiplies every imported point by the group order, 80 µs; on these cofactor-1 curves lying on the curve says the same.)
/// Where the library or a symbol is missing the caller falls back or refuses.
/// </summary>
internal static unsafe class LibCrypto
{
    private const int Ed25519Nid = 1087;

    private static readonly delegate* unmanaged<int, nint> EcKeyNew;
    private static readonly delegate* unmanaged<nint, byte*, nint, nint, int> EcKeyFromPoint;
    private static readonly delegate* unmanaged<nint, void> EcKeyFree;
    private static readonly delegate* unmanaged<int, byte*, int, byte*, int, nint, int> EcdsaVerify;
    private static readonly delegate* unmanaged<int, nint, byte*, nint, nint> RawPublicKey;
    private static readonly delegate* unmanaged<nint, void> KeyFree;
    private static readonly delegate* unmanaged<nint> DigestNew;
    private static readonly delegate* unmanaged<nint, void> DigestFree;
    private static readonly delegate* unmanaged<nint, nint, nint, nint, nint, int> DigestVerifyInit;
    private static readonly delegate* unmanaged<nint, byte*, nint, byte*, nint, int> DigestVerify;
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

        RawPublicKey = (delegate* unmanaged<int, nint, byte*, nint, nint>)Symbol(library, "EVP_PKEY_new_raw_public_key");
        KeyFree = (delegate* unmanaged<nint, void>)Symbol(library, "EVP_PKEY_free");
        DigestNew = (delegate* unmanaged<nint>)Symbol(library, "EVP_MD_CTX_new");
        DigestFree = (delegate* unmanaged<nint, void>)Symbol(library, "EVP_MD_CTX_free");
        DigestVerifyInit = (delegate* unmanaged<nint, nint, nint, nint, nint, int>)Symbol(library, "EVP_DigestVerifyInit");
        DigestVerify = (delegate* unmanaged<nint, byte*, nint, byte*, nint, int>)Symbol(library, "EVP_DigestVerify");
        HasEd25519 = ClearErrors is not null && RawPublicKey is not null && KeyFree is not null && DigestNew is not null
            && DigestFree is not null && DigestVerifyInit is not null && DigestVerify is not null;
    }

    public static bool HasEcdsa { get; }

    public static bool HasEd25519 { get; }

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

    /// <summary>RFC 8032 PureEd25519.</summary>
    public static bool VerifyEd25519(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        nint key = 0, context = 0;
        try
        {
            fixed (byte* p = publicKey, d = data, s = signature)
            {
                key = RawPublicKey(Ed25519Nid, 0, p, publicKey.Length);
                context = DigestNew();
                if (key != 0 && context != 0
                    && DigestVerifyInit(context, 0, 0, 0, key) == 1
                    && DigestVerify(context, s, signature.Length, d, data.Length) == 1)
                {
                    return true;
                }
            }

            ClearErrors();
            return false;
        }
        finally
        {
            DigestFree(context);
            KeyFree(key);
        }
    }

    private static void* Symbol(nint library, string name) => NativeLibrary.TryGetExport(library, name, out var address) ? (void*)address : null;
}
