namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>A parsed template of Go's text/template, and what is in it.</summary>
internal abstract record TemplateNode(int Line);

internal sealed record TextNode(int Line, string Text) : TemplateNode(Line);

/// <summary>A pipeline whose value is written, unless it only sets variables.</summary>
internal sealed record ActionNode(int Line, PipeNode Pipe) : TemplateNode(Line);

internal enum BranchKind
{
    If,
    With,
    Range,
}

internal sealed record BranchNode(int Line, BranchKind Kind, PipeNode Pipe, TemplateNode[] Then, TemplateNode[] Else) : TemplateNode(Line);

/// <param name="Pipe">The dot within it; null: there is none.</param>
internal sealed record InvokeNode(int Line, string Name, PipeNode? Pipe) : TemplateNode(Line);

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed record LeaveNode(int Line, bool Ends) : TemplateNode(Line);

/// <summary>A value within an action.</summary>
internal abstract record OperandNode(int Line);

/// <param name="Variables">That it declares or sets.</param>
/// <param name="IsAssignment"><c>=</c>, not <c>:=</c>.</param>
internal sealed record PipeNode(int Line, string[] Variables, bool IsAssignment, CommandNode[] Commands) : OperandNode(Line);

internal sealed record CommandNode(int Line, OperandNode[] Operands);

/// <summary>A constant: text, long, double, bool or nil.</summary>
internal sealed record ConstantNode(int Line, object? Value) : OperandNode(Line);

internal sealed record DotNode(int Line) : OperandNode(Line);

internal sealed record FunctionNode(int Line, TemplateFunction Function) : OperandNode(Line);

internal sealed record VariableNode(int Line, string Name) : OperandNode(Line);

/// <summary>Fields of a value: <c>.A.B</c>, <c>$x.A</c>, <c>(…).A</c>.</summary>
internal sealed record FieldsNode(int Line, OperandNode Of, string[] Names) : OperandNode(Line);
