using System.Reflection;
using System.Runtime.InteropServices;

namespace IoTPlatform.Agent;

/// <summary>The one call .NET lacks: the public key of an X25519 private key, from OpenSSL 1.1.1 or later.</summary>
internal static partial class LibCrypto
{
    private const string Library = "libcrypto";
    private const int X25519 = 1034;

    static LibCrypto() => NativeLibrary.SetDllImportResolver(typeof(LibCrypto).Assembly, Resolve);

    public static byte[] X25519PublicKey(byte[] privateKey)
    {
        var key = EVP_PKEY_new_raw_private_key(X25519, 0, privateKey, (nuint)privateKey.Length);
        if (key == 0)
            throw new AgentException("this machine's OpenSSL cannot make X25519 keys; bring your own WireGuard public key");
        try
        {
            var publicKey = new byte[32];
            var length = (nuint)publicKey.Length;
            return EVP_PKEY_get_raw_public_key(key, publicKey, ref length) == 1 && length == 32
                ? publicKey
                : throw new AgentException("OpenSSL refused to derive a WireGuard public key");
        }
        finally
        {
            EVP_PKEY_free(key);
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (var candidate in name == Library ? ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib", "libcrypto"] : new[] { name })
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out var handle))
                return handle;
        }
        throw new AgentException("OpenSSL's libcrypto was not found; bring your own WireGuard public key");
    }

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, byte[] key, nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_raw_public_key(nint key, byte[] publicKey, ref nuint length);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_free(nint key);
}
