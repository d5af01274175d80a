using Microsoft.AspNetCore.Connections;

namespace IoTPlatform.Hosting;

/// <summary>One open connection, as <see cref="ClientConnections"/> sees it; a feature of its requests.</summary>
internal sealed class ClientConnection(ConnectionContext connection, string address)
{
    public string Address { get; } = address;

    /// <summary>Who it has shown to be; null: a stranger. Guarded by the owner's lock, as everything that changes here.</summary>
    public string? Identity { get; set; }

    public int Requests { get; set; }

    /// <summary>Timestamp of the last beginning or end of a request, or of the connection itself.</summary>
    public long Since { get; set; }

    public bool Ended { get; set; }

    /// <summary>Its place among the strangers of its address; null: it is known, or has ended.</summary>
    public LinkedListNode<ClientConnection>? Stranger { get; set; }

    /// <summary>An answer was given before the request was read: the rest is read and discarded, so that a reset does not take the answer away.</summary>
    public bool Lingers { get; set; }

    public void Abort() => connection.Abort(new ConnectionAbortedException("shed"));
}
