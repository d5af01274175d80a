using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace IoTPlatform.Pki.Crypto;

/// <summary>
/// One private key for many threads. The BCL does not promise that an ECDsa object may be shared, so every concurrent caller gets its
/// own; there are never more than there were callers at once.
/// </summary>
internal sealed class EcdsaPool(ECDsa prototype) : IDisposable
{
    private readonly ConcurrentBag<ECDsa> _idle = [];
    private readonly Lock _lock = new();
    private volatile bool _disposed;

    /// <summary>Writes r||s (P1363) and returns its length.</summary>
    public int Sign(ReadOnlySpan<byte> data, HashAlgorithmName hash, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_idle.TryTake(out var key))
        {
            key = Clone();
        }

        try
        {
            return key.TrySignData(data, destination, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out var written)
                ? written
                : throw new CryptographicException("The signature buffer is too small.");
        }
        finally
        {
            Return(key);
        }
    }

    /// <summary>Runs something rare on the key itself, one caller at a time.</summary>
    public T Use<T>(Func<ECDsa, T> action)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return action(prototype);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            prototype.Dispose();
        }

        while (_idle.TryTake(out var key))
        {
            key.Dispose();
        }
    }

    private ECDsa Clone() => Use(source =>
    {
        var parameters = source.ExportParameters(includePrivateParameters: true);
        try
        {
            return ECDsa.Create(parameters);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    });

    private void Return(ECDsa key)
    {
        _idle.Add(key);
        if (_disposed && _idle.TryTake(out var left))
        {
            left.Dispose();
        }
    }
}
