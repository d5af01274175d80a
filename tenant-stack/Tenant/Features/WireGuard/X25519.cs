using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>Curve25519 keys (RFC 7748), which the BCL does not have: libcrypto by P/Invoke.</summary>
internal static partial class X25519
{
    public const int KeyLength = 32;

    private const string Library = "libcrypto";
    private const int NidX25519 = 1034;

    static X25519() => NativeLibrary.SetDllImportResolver(typeof(X25519).Assembly, Resolve);

    /// <summary>32 random bytes, clamped as <c>wg genkey</c> does (RFC 7748 section 5).</summary>
    public static byte[] GeneratePrivateKey()
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        key[0] &= 248;
        key[31] = (byte)((key[31] & 127) | 64);
        return key;
    }

    /// <exception cref="PlatformNotSupportedException">This machine's libcrypto is missing or has no X25519.</exception>
    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != KeyLength)
            throw new CryptographicException("An X25519 private key has 32 bytes.");
        try
        {
            using var key = new PKeyHandle(NewRawPrivateKey(NidX25519, 0, privateKey, KeyLength));
            var publicKey = new byte[KeyLength];
            nuint length = KeyLength;
            return !key.IsInvalid && GetRawPublicKey(key, publicKey, ref length) == 1 && length == KeyLength
                ? publicKey
                : throw new PlatformNotSupportedException("this machine's libcrypto has no X25519");
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new PlatformNotSupportedException("WireGuard keys need OpenSSL's libcrypto 1.1.1 or later", e);
        }
    }

    private static nint Resolve(string name, System.Reflection.Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
            return 0;
        foreach (var candidate in (ReadOnlySpan<string>)["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib", "libcrypto.so"])
            if (NativeLibrary.TryLoad(candidate, assembly, path, out var handle))
                return handle;
        return 0;
    }

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static partial nint NewRawPrivateKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static partial int GetRawPublicKey(PKeyHandle key, Span<byte> publicKey, ref nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static partial void Free(nint key);

    private sealed class PKeyHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public PKeyHandle(nint key) : base(ownsHandle: true) => SetHandle(key);

        protected override bool ReleaseHandle()
        {
            Free(handle);
            return true;
        }
    }
}
