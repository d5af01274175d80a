using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

public static class ConnectionLimitExtensions
{
    /// <summary>Limits of what is read and discarded after an answer that came before the end of the request.</summary>
    private const long MostDiscarded = 2 * 1024 * 1024;
    private static readonly TimeSpan LongestLinger = TimeSpan.FromSeconds(5);

    /// <summary>A client that has sent nothing for so long has sent all, and waits for the end.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(1);

    /// <summary>Bounds this listener's connections. Before <c>UseHttps</c>: a handshake takes a place, too.</summary>
    public static void UseConnectionLimits(this ListenOptions listen)
    {
        var connections = listen.ApplicationServices.GetRequiredService<ClientConnections>();
        listen.Use(next => async context =>
        {
            if (connections.Open(context, ClientAddress.Of((context.RemoteEndPoint as IPEndPoint)?.Address)) is not { } connection)
            {
                context.Abort(new ConnectionAbortedException("no room"));
                return;
            }

            context.Features.Set(connection);
            try
            {
                await next(context);
                if (connection.Lingers)
                {
                    await LingerAsync(context);
                }
            }
            finally
            {
                connections.Close(connection);
            }
        });
    }

    // A close with unread data in the socket resets the connection, and the reset overtakes the answer.
    private static async Task LingerAsync(ConnectionContext context)
    {
        using var linger = CancellationTokenSource.CreateLinkedTokenSource(context.ConnectionClosed);
        linger.CancelAfter(LongestLinger);
        try
        {
            for (var discarded = 0L; discarded < MostDiscarded;)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(linger.Token);
                patience.CancelAfter(LongestSilence);
                var read = await context.Transport.Input.ReadAsync(patience.Token);
                discarded += read.Buffer.Length;
                context.Transport.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || read.IsCanceled)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ConnectionAbortedException or InvalidOperationException)
        {
            // The client is disconnected or too slow: stops reading.
        }
    }
}
