using System.Security.Cryptography;
using IoTPlatform.Identity.Issuer;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Testing;

/// <summary>
/// RSA keys for the issuers of all hosts in this process, in turn: making one takes half a second of computing, and each host would. Real keys of the real
/// length; each host has another one after a rotation.
/// </summary>
public static class PreparedRsaKeys
{
    private static readonly Lazy<RSAParameters>[] Keys = [.. Enumerable.Range(0, 4).Select(_ => new Lazy<RSAParameters>(IssuerKey.MakeRsaKey))];
    private static int Next;

    public static IServiceCollection AddPreparedRsaKeys(this IServiceCollection services) =>
        services.AddSingleton<RsaKeyMaker>(() => Keys[(uint)Interlocked.Increment(ref Next) % Keys.Length].Value);
}
