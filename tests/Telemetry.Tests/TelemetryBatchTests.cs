#pragma warning disable RS0030 // Nothing secret is made here, and a failure can be had again by its seed.
using System.IO.Compression;
using System.Text;

namespace IoTPlatform.Telemetry.Tests;

public sealed class TelemetryBatchTests
{
    [Fact]
    public void Pack_Messages_AreTheSameUnpacked_AndShorter()
    {
        var messages = Enumerable.Range(0, TelemetryBatch.MostMessages).Select(i => ($"telemetry/pump-{i}/ü", Encoding.UTF8.GetBytes($$"""{"timestamp":"2026-11-21T13:00:00Z","v":{{i}}}"""))).ToList();

        var packed = TelemetryBatch.Pack(messages);

        packed.Length.ShouldBeLessThan(messages.Sum(message => message.Item2.Length) / 4);
        TelemetryBatch.Unpack(packed)!.Select(one => (one.Topic, Encoding.UTF8.GetString(one.Payload.Span))).ShouldBe(messages.Select(one => (one.Item1, Encoding.UTF8.GetString(one.Item2))));
    }

    [Fact]
    public void Pack_WhatCannotBeCompressed_IsTheSameUnpacked()
    {
        var noise = new byte[TelemetryBatch.MostBytes - 64];
        new Random(1).NextBytes(noise);

        TelemetryBatch.Unpack(TelemetryBatch.Pack([("telemetry/d", noise)]))!.ShouldHaveSingleItem().Payload.ToArray().ShouldBe(noise);
    }

    /// <summary>A gigabyte of zeros is 1 KB of Brotli.</summary>
    [Fact]
    public void Attack_Bomb_IsMalformed()
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i < 64; i++)
            {
                brotli.Write(zeros);
            }
        }

        TelemetryBatch.Unpack(packed.ToArray()).ShouldBeNull();
    }

    [Fact]
    public void Attack_MoreMessagesThanAllowed_IsMalformed() =>
        TelemetryBatch.Unpack(TelemetryBatch.Pack(Enumerable.Repeat(("telemetry/d", "{}"u8.ToArray()), TelemetryBatch.MostMessages + 1))).ShouldBeNull();

    [Fact]
    public void Attack_AnythingElse_IsMalformedOrMessages()
    {
        var random = new Random(2);
        var good = TelemetryBatch.Pack([("telemetry/d", "{}"u8.ToArray()), ("telemetry/e", """{"v":1}"""u8.ToArray())]);
        TelemetryBatch.Unpack("{}"u8).ShouldBeNull();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = good.ToArray();
            bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
            TelemetryBatch.Unpack(bytes.AsSpan(0, random.Next(bytes.Length + 1)));
        }
    }
}
