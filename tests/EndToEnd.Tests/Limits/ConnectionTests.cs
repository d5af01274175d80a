using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Limits;

/// <summary>Connections and bodies are bounded by number: unknown clients are shed, the host keeps serving and admits known clients.</summary>
public sealed class ConnectionTests
{
    private const int Descriptors = 1024;

    [SkippableFact]
    public async Task Idle_MoreThanThereAreDescriptors_HostServesAndSaysSo()
    {
        await using var provider = await ProviderStack.StartAsync(descriptors: Descriptors);
        var idle = new List<Attacker>();
        try
        {
            for (var i = 0; i < 1300; i++)
            {
                idle.Add(await Attacker.ConnectAsync(provider.Url));
            }

            await ServesAsync(provider);
            await provider.Process.WaitForLineAsync(line => line.Contains("connections", StringComparison.Ordinal) && line.Contains("127.0.0.1", StringComparison.Ordinal));
            OpenDescriptors(provider).ShouldBeLessThan(Descriptors - 100);
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }

        provider.Process.HasExited.ShouldBeFalse(provider.Process.Output);
        provider.Process.Lines.Count.ShouldBeLessThan(60, provider.Process.Output);
    }

    // As on a machine too busy to run the host for a moment: the kernel has hundreds of connections ready when it runs again.
    [SkippableFact]
    public async Task Idle_AcceptedInOneBurst_HostKeepsDescriptors()
    {
        const int Few = 600;
        await using var provider = await ProviderStack.StartAsync(descriptors: Few);
        var idle = new List<Attacker>();
        try
        {
            await SignalAsync(provider, "STOP");
            for (var i = 0; i < 500; i++)
            {
                idle.Add(await Attacker.ConnectAsync(provider.Url));
            }

            await SignalAsync(provider, "CONT");
            var most = 0;
            for (var serves = ServesAsync(provider); !serves.IsCompleted; await Task.Yield())
            {
                most = Math.Max(most, OpenDescriptors(provider));
            }

            most.ShouldBeLessThan(Few - 100);
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }
    }

    [SkippableFact]
    public async Task Idle_FromOneAddress_ConnectionOfAKnownClientStays()
    {
        await using var provider = await ProviderStack.StartAsync(descriptors: Descriptors);
        var connections = 0;
        using var known = Attacker.Honest(provider, "127.0.0.2", () => connections++);
        known.DefaultRequestHeaders.Authorization = new("Bearer", await provider.TokenAsync());
        (await known.GetAsync("portal/admin/tenants")).EnsureSuccessStatusCode();
        var idle = new List<Attacker>();
        try
        {
            for (var i = 0; i < 1300; i++)
            {
                idle.Add(await Attacker.ConnectAsync(provider.Url));
            }

            (await known.GetAsync("portal/admin/tenants")).EnsureSuccessStatusCode();
            connections.ShouldBe(1);
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }
    }

    [SkippableFact]
    public async Task Bodies_NeverFinished_HostServesWithinItsMemory()
    {
        // 0x8000000: 128 MB of managed memory, as a small container has.
        await using var provider = await ProviderStack.StartAsync(new Dictionary<string, string?> { ["DOTNET_GCHeapHardLimit"] = "0x8000000" });
        var half = new byte[60_000];
        Array.Fill(half, (byte)' ');
        var unfinished = new List<Attacker>();
        try
        {
            for (var i = 0; i < 800; i++)
            {
                var connection = await Attacker.HandshakeAsync(provider.Url);
                unfinished.Add(connection);
                try
                {
                    await connection.SendAsync("POST /portal/admin/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 65000\r\n\r\n");
                    await connection.Stream.WriteAsync(half);
                }
                catch (IOException)
                {
                    // Shed, as it should be.
                }
            }

            await ServesAsync(provider);
        }
        finally
        {
            unfinished.ForEach(connection => connection.Dispose());
        }

        provider.Process.HasExited.ShouldBeFalse(provider.Process.Output);
        provider.Process.Output.ShouldNotContain("Out of memory");
        provider.Process.Lines.Where(line => line.Contains("   at ", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Start_TooFewDescriptors_SaysHowManyAreNeeded()
    {
        await using var provider = ProviderStack.WithPrivateDatabase(descriptors: 256);
        provider.Launch();

        (await provider.Process.WaitForExitAsync()).ShouldBe(1, provider.Process.Output);

        (await provider.Process.WaitForLineAsync("error: ")).ShouldContain("ulimit -n");
    }

    [SkippableFact]
    public async Task Handshake_NeverBegun_IsEnded()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var silent = await Attacker.ConnectAsync(provider.Url);

        (await silent.ClosedAsync(TimeSpan.FromSeconds(20))).ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData("GET / HTTP/1.1\r\nHost: local")]
    [InlineData("POST /portal/admin/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")]
    public async Task Request_NeverFinished_IsEnded(string part)
    {
        await using var provider = await ProviderStack.StartAsync();
        using var slow = await Attacker.HandshakeAsync(provider.Url);
        await slow.SendAsync(part);

        (await slow.ClosedAsync(TimeSpan.FromSeconds(25))).ShouldBeTrue();
    }

    // The attacker keeps above every rate, one byte at a time: the whole body has a deadline, too.
    [SkippableFact]
    public async Task Body_SentDropByDrop_IsEnded()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var slow = await Attacker.HandshakeAsync(provider.Url);
        await slow.SendAsync("POST /portal/admin/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n");

        var began = TimeProvider.System.GetTimestamp();
        await Should.ThrowAsync<IOException>(async () =>
        {
            for (var sent = 0; sent < 60_000; sent += 100)
            {
                await slow.SendAsync(new string(' ', 100));
                await Task.Delay(200);
            }
        });

        TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(60));
    }

    // A connection that comes while hundreds are being closed may be refused, as a client's retry expects.
    private static async Task ServesAsync(ProviderStack provider)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var admin = await provider.AdminAsync();
                (await admin.ListTenantsAsync()).Items.ShouldBeEmpty();
                return;
            }
            catch (Exception e) when (e is UnreachableException or ApiException { Status: 503 } && attempt < 5)
            {
                provider.Process.HasExited.ShouldBeFalse(provider.Process.Output);
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }

    private static Task SignalAsync(ProviderStack provider, string signal) =>
        Tools.RunAsync(Requires.Tool("kill"), ["-" + signal, provider.Process.Id.ToString(CultureInfo.InvariantCulture)]);

    private static int OpenDescriptors(ProviderStack provider) => Directory.GetFileSystemEntries($"/proc/{provider.Process.Id}/fd").Length;
}
