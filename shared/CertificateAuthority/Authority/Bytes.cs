using System.Runtime.InteropServices;

namespace IoTPlatform.CertificateAuthority;

internal static class Bytes
{
    /// <summary>The array behind the memory when it is exactly that, else a copy.</summary>
    public static byte[] ToArray(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length ? segment.Array : memory.ToArray();
}
