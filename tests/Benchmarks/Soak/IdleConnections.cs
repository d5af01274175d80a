using System.Net.Sockets;
using IoTPlatform.Client;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>More idle connections than the provider has descriptors: it stays, sheds them, and serves who logs in.</summary>
internal static class IdleConnections
{
    private const int Descriptors = 1024;
    private const int Connections = 1224;

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = await ProviderStack.StartAsync(descriptors: Descriptors);
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                patience.CancelAfter(TimeSpan.FromSeconds(5));
                try
                {
                    await socket.ConnectAsync("127.0.0.1", provider.Url.Port, patience.Token);
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
                {
                    break; // the listener takes no more for now, which is one way to stay alive
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(12), cancellationToken);
            count.Expect(!provider.Process.HasExited, () => "the provider ended: " + provider.Process.Lines[^1]);
            count.Expect(await ServedAsync(provider), () => "a login was not served beside idle connections");
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static async Task<bool> ServedAsync(ProviderStack provider)
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            try
            {
                using var admin = await provider.AdminAsync();
                await admin.ListTenantsAsync();
                return true;
            }
            catch (Exception e) when (e is UnreachableException or ApiException { Status: 503 })
            {
                await Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None);
            }
        }

        return false;
    }
}
