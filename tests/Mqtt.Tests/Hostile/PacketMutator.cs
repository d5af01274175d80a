#pragma warning disable RS0030 // Nothing secret is made here, and a failure can be had again by its seed.
using IoTPlatform.Mqtt.Tests.Support;

namespace IoTPlatform.Mqtt.Tests.Hostile;

/// <summary>Packets of both versions, and what an attacker makes of them: bits, lengths and ends that are wrong, in pieces of any size.</summary>
internal sealed class PacketMutator(Random random)
{
    private const int LongestInsertion = 200;

    public byte[] Connect(string name)
    {
        var version = (byte)(random.Next(2) == 0 ? 4 : 5);
        byte[] properties = version == 5 ? [5, 0x11, 0, 0, 0, (byte)random.Next(3)] : [];
        byte[] will = version == 5
            ? [0, .. RawClient.String($"devices/{name}/telemetry/will"), 0, 2, .. "{}"u8]
            : [.. RawClient.String($"devices/{name}/telemetry/will"), 0, 2, .. "{}"u8];
        var hasWill = random.Next(3) == 0;
        return RawClient.Packet(0x10, [0, 4, .. "MQTT"u8, version, (byte)(2 | (hasWill ? 4 : 0)), 0, (byte)random.Next(60), .. properties, .. RawClient.String(name), .. hasWill ? will : []]);
    }

    public byte[] Packet(string name)
    {
        var topic = RawClient.String($"devices/{name}/telemetry/x").ToArray();
        byte[] id = [0, (byte)random.Next(1, 5)];
        return random.Next(12) switch
        {
            0 => RawClient.Packet(0x30, [.. topic, 0, .. "{}"u8]),
            1 => RawClient.Packet(0x32, [.. topic, .. id, 0, .. "{}"u8]),
            2 => RawClient.Packet(0x34, [.. topic, .. id, 0, .. "{}"u8]),
            3 => RawClient.Packet(0x3A, [.. topic, .. id, 3, 0x23, 0, (byte)random.Next(20), .. "{}"u8]),
            4 => RawClient.Packet(0x62, id),
            5 => RawClient.Packet(0x82, [.. id, 0, .. RawClient.String($"devices/{name}/commands/#"), (byte)random.Next(4)]),
            6 => RawClient.Packet(0xA2, [.. id, 0, .. RawClient.String($"devices/{name}/commands/#")]),
            7 => RawClient.Packet(0xC0, []),
            8 => RawClient.Packet(0x40, id),
            9 => RawClient.Packet(0x50, id),
            10 => RawClient.Packet(0xF0, [0x18, 0]),
            _ => RawClient.Packet(0xE0, random.Next(2) == 0 ? [] : [4, 0]),
        };
    }

    /// <summary>One to four things that are wrong with it.</summary>
    public byte[] Mutate(byte[] packet)
    {
        var bytes = packet.ToList();
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)(random.Next(3) switch { 0 => 0, 1 => 255, _ => random.Next(256) });
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(1, bytes.Count - at + 1));
                    break;
                case 3:
                    var more = new byte[random.Next(1, LongestInsertion)];
                    random.NextBytes(more);
                    bytes.InsertRange(at, more);
                    break;
                case 4:
                    // The remaining length (section 2.1.4).
                    bytes[Math.Min(1, bytes.Count - 1)] = (byte)random.Next(256);
                    break;
                default:
                    bytes.InsertRange(at, bytes.Skip(at).Take(random.Next(32)).ToList());
                    break;
            }
        }

        return [.. bytes];
    }

    public IEnumerable<byte[]> Cut(byte[] bytes)
    {
        while (bytes.Length > 0)
        {
            var length = random.Next(4) == 0 ? random.Next(1, bytes.Length + 1) : bytes.Length;
            yield return bytes[..length];
            bytes = bytes[length..];
        }
    }
}
