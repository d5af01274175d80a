using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Database;

/// <summary>The hash of an audit entry, computed outside the database. The encoding is that of Migrations/0001_audit.sql: netstrings, so no two different entries encode alike.</summary>
internal sealed class AuditChain
{
    private readonly ArrayBufferWriter<byte> _encoded = new(1024);

    /// <summary>SHA-256 of the last entry; 32 zero bytes before the first.</summary>
    public byte[] Head { get; private set; } = new byte[32];

    public long Sequence { get; private set; }

    /// <summary>Adds the next entry and returns its hash.</summary>
    public byte[] Next(DateTime at, AuditEntry entry)
    {
        Sequence++;
        _encoded.ResetWrittenCount();
        Append(Sequence.ToString(CultureInfo.InvariantCulture));
        Append(((at - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture));
        Append(entry.Actor);
        Append(entry.Action);
        Append(entry.Subject);
        Append(entry.Details);
        Append(Convert.ToHexStringLower(Head));
        return Head = SHA256.HashData(_encoded.WrittenSpan);
    }

    private void Append(string field)
    {
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetByteCount(field).ToString(CultureInfo.InvariantCulture) + ":", _encoded);
        Encoding.UTF8.GetBytes(field, _encoded);
        Encoding.UTF8.GetBytes(",", _encoded);
    }
}
