#pragma warning disable RS0030 // Nothing secret is made here, and a failure can be had again by its seed.
using System.Diagnostics;
using System.Globalization;
using IoTPlatform.Mqtt.Tests.Support;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit.Abstractions;

namespace IoTPlatform.Mqtt.Tests.Hostile;

/// <summary>Malformed packets, for as many seconds as <c>IOT_FUZZ_SECONDS</c> says: nothing fails but the connections that sent them.</summary>
public sealed class FuzzTests(BrokerHost host, ITestOutputHelper output) : IClassFixture<BrokerHost>
{
    private const int Attackers = 4;
    private const int MostPackets = 12;

    /// <summary>Managed memory beyond what a run begins with, when all connections have ended: what is recorded of each, where one that is left over has its buffers.</summary>
    private const long MostLeft = 32 * 1024 * 1024;
    private const long MostLeftEach = 12 * 1024;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("IOT_FUZZ_SECONDS") ?? "4", CultureInfo.InvariantCulture));
    private int _connections;

    [SkippableFact]
    public async Task Attack_MutatedPackets_EndTheirConnectionsAlone()
    {
        var seed = Environment.GetEnvironmentVariable("IOT_FUZZ_SEED") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : Environment.TickCount;
        output.WriteLine($"IOT_FUZZ_SEED={seed}");
        using var neighbour = await Client.ConnectAsync(host, "neighbour");
        var (stored, before) = (0, GC.GetTotalMemory(forceFullCollection: true));
        var started = Stopwatch.GetTimestamp();
        var attackers = Enumerable.Range(0, Attackers).Select(i => Task.Run(() => AttackAsync(new Random(seed + i), started))).ToList();

        while (Stopwatch.GetElapsedTime(started) < Duration)
        {
            var answer = await neighbour.Mqtt.PublishAsync(new MqttApplicationMessageBuilder()
                .WithTopic("devices/neighbour/telemetry").WithPayload("{}").WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build()).SoonAsync();
            answer.IsSuccess.ShouldBeTrue();
            stored++;
            ShouldHaveNoErrors();
            await Task.Delay(5);
        }

        await Task.WhenAll(attackers);
        output.WriteLine($"{_connections} connections, {stored} messages of a neighbour");
        neighbour.Mqtt.IsConnected.ShouldBeTrue();
        host.Store.Of("neighbour").Count.ShouldBe(stored);
        await Waiting.UntilAsync(() => host.Sessions.Connected.All(name => name == "neighbour"));
        ShouldHaveNoErrors();
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(MostLeft + _connections * MostLeftEach);
    }

    private void ShouldHaveNoErrors()
    {
        host.Log.Take().Where(line => line.StartsWith("Error ", StringComparison.Ordinal) || line.StartsWith("Critical ", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private async Task AttackAsync(Random random, long started)
    {
        var packets = new PacketMutator(random);
        while (Stopwatch.GetElapsedTime(started) < Duration)
        {
            var name = $"fuzz-{Interlocked.Increment(ref _connections)}";
            using var client = await RawClient.OpenAsync(host, host.ClientPem(name));
            var connect = packets.Connect(name);
            List<byte[]> all = [random.Next(4) == 0 ? packets.Mutate(connect) : connect];
            for (var count = random.Next(MostPackets); count > 0; count--)
            {
                var packet = packets.Packet(name);
                all.Add(random.Next(2) == 0 ? packets.Mutate(packet) : packet);
            }

            try
            {
                foreach (var piece in packets.Cut([.. all.SelectMany(packet => packet)]))
                {
                    await client.SendAsync(piece);
                }

                if (random.Next(2) == 0)
                {
                    // Where it waits for the rest of a packet, nothing comes.
                    await Task.WhenAny(client.ReadAsync(), Task.Delay(LongestWait));
                }
            }
            catch (IOException)
            {
                // Ended by the broker, as it should.
            }
        }
    }
}
