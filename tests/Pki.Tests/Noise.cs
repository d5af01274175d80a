using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Pki.Tests;

/// <summary>The same numbers on every run: SHA-256 of seed and counter.</summary>
internal sealed class Noise(string seed)
{
    private readonly byte[] _seed = SHA256.HashData(Encoding.UTF8.GetBytes(seed));
    private byte[] _block = [];
    private int _position;
    private ulong _counter;

    public int Next(int below)
    {
        if (_position + 4 > _block.Length)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_seed, _counter++);
            _block = SHA256.HashData(_seed);
            _position = 0;
        }

        var value = BinaryPrimitives.ReadUInt32BigEndian(_block.AsSpan(_position));
        _position += 4;
        return (int)(value % (uint)below);
    }
}
