using System.Security.Cryptography;
using Microsoft.Extensions.ObjectPool;

namespace IoTPlatform.Pki.Signing;

/// <summary>One private key for many threads: the BCL does not promise that an ECDsa object may be shared, so each of the pool's is a copy.</summary>
internal sealed class EcdsaCopies(ECDsa key) : IPooledObjectPolicy<ECDsa>
{
    private readonly Lock _lock = new();

    ECDsa IPooledObjectPolicy<ECDsa>.Create()
    {
        lock (_lock)
        {
            var parameters = key.ExportParameters(includePrivateParameters: true);
            try
            {
                return ECDsa.Create(parameters);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(parameters.D);
            }
        }
    }

    bool IPooledObjectPolicy<ECDsa>.Return(ECDsa copy) => true;
}
