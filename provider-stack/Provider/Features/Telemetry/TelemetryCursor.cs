using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>The last message of a page. Not a record: arrays compare by reference.</summary>
internal sealed class TelemetryCursor(DateTimeOffset sentAt, byte[] identity)
{
    private const int TimeLength = sizeof(long);
    private const int IdentityLength = 16;

    public DateTimeOffset SentAt => sentAt;
    public byte[] Identity => identity;

    /// <summary>False: not one that <see cref="ToString"/> gave out.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TelemetryCursor? cursor)
    {
        cursor = null;
        Span<byte> bytes = stackalloc byte[TimeLength + IdentityLength];
        if (text.Length > 2 * bytes.Length || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length) || length != bytes.Length
            || BinaryPrimitives.ReadInt64BigEndian(bytes) is var ticks && (ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks))
            return false;
        cursor = new TelemetryCursor(new DateTimeOffset(ticks, TimeSpan.Zero), bytes[TimeLength..].ToArray());
        return true;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[TimeLength + IdentityLength];
        BinaryPrimitives.WriteInt64BigEndian(bytes, sentAt.UtcTicks);
        identity.CopyTo(bytes[TimeLength..]);
        return Base64Url.EncodeToString(bytes);
    }
}
