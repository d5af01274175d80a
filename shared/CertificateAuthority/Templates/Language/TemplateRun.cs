using System.Runtime.CompilerServices;
using System.Text;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>One rendering of a template.</summary>
internal sealed class TemplateRun(TemplateProgram program, TimeProvider time)
{
    private readonly StringBuilder _output = new();
    private readonly List<(string Name, object? Value)> _variables = [];
    private int _depth;

    private enum Flow
    {
        On,
        Break,
        Continue,
    }

    public TemplateBudget Budget { get; } = new();

    public TimeProvider Time => time;

    public string Render(TemplateNode[] body, object? data)
    {
        _variables.Add(("$", data));
        Run(body, data);
        return _output.ToString();
    }

    private Flow Run(TemplateNode[] nodes, object? dot)
    {
        foreach (var node in nodes)
        {
            if (Run(node, dot) is not Flow.On and var flow)
            {
                return flow;
            }
        }

        return Flow.On;
    }

    private Flow Run(TemplateNode node, object? dot)
    {
        Guard(node.Line, static run => run.Budget.Step());
        switch (node)
        {
            case TextNode text:
                Write(text.Text, text.Line);
                return Flow.On;
            case ActionNode { Pipe: var pipe }:
                var value = Value(pipe, dot);
                if (pipe.Variables.Length == 0)
                {
                    Write(value is string shown ? shown : value is null ? GoText.NoValue : Guard(node.Line, value, static (run, value) => GoText.Of(value, run.Budget)), node.Line);
                }

                return Flow.On;
            case BranchNode branch:
                var mark = _variables.Count;
                var flow = branch.Kind == BranchKind.Range ? Range(branch, dot) : Choose(branch, dot);
                _variables.RemoveRange(mark, _variables.Count - mark);
                return flow;
            case InvokeNode invoke:
                Invoke(invoke, dot);
                return Flow.On;
            case LeaveNode leave:
                return leave.Ends ? Flow.Break : Flow.Continue;
            default:
                throw new InvalidOperationException($"A {node.GetType().Name} is no part of a template.");
        }
    }

    private Flow Choose(BranchNode branch, object? dot)
    {
        var value = Value(branch.Pipe, dot);
        var mark = _variables.Count;
        var isTrue = GoValue.IsTrue(value);
        var flow = Run(isTrue ? branch.Then : branch.Else, isTrue && branch.Kind == BranchKind.With ? value : dot);
        _variables.RemoveRange(mark, _variables.Count - mark);
        return flow;
    }

    private Flow Range(BranchNode branch, object? dot)
    {
        var value = Value(branch.Pipe with { Variables = [] }, dot);
        var elements = value switch
        {
            null => [],
            IReadOnlyList<object?> list => list.Select((element, index) => ((object?)(long)index, element)),
            IReadOnlyDictionary<string, object?> map => map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => ((object?)entry.Key, entry.Value)),
            _ => throw Bad(branch.Line, $"range can't go over {GoValue.TypeOf(value)}"),
        };
        var isEmpty = true;
        var mark = _variables.Count;
        foreach (var (key, element) in elements.ToList())
        {
            isEmpty = false;
            Guard(branch.Line, static run => run.Budget.Step());
            SetOfRange(branch.Pipe, key, element);
            var flow = Run(branch.Then, element);
            _variables.RemoveRange(mark, _variables.Count - mark);
            if (flow == Flow.Break)
            {
                break;
            }
        }

        return isEmpty ? Run(branch.Else, dot) : Flow.On;
    }

    private void SetOfRange(PipeNode pipe, object? key, object? element)
    {
        switch (pipe.Variables)
        {
            case [var only]:
                Set(only, element, pipe.IsAssignment);
                break;
            case [var first, var second]:
                Set(first, key, pipe.IsAssignment);
                Set(second, element, pipe.IsAssignment);
                break;
        }
    }

    private void Invoke(InvokeNode node, object? dot)
    {
        var body = program.Find(node.Name) ?? throw Bad(node.Line, $"there is no template {node.Name}");
        if (++_depth > TemplateBudget.MostDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Bad(node.Line, $"more than {TemplateBudget.MostDepth} templates are within each other");
        }

        var data = node.Pipe is { } pipe ? Value(pipe, dot) : null;
        // It sees its own variables alone.
        var hidden = _variables.ToArray();
        _variables.Clear();
        _variables.Add(("$", data));
        Run(body, data);
        _variables.Clear();
        _variables.AddRange(hidden);
        _depth--;
    }

    private object? Value(PipeNode pipe, object? dot)
    {
        object? value = null;
        for (var i = 0; i < pipe.Commands.Length; i++)
        {
            value = Value(pipe.Commands[i], dot, hasLast: i > 0, value);
        }

        foreach (var variable in pipe.Variables)
        {
            Set(variable, value, pipe.IsAssignment);
        }

        return value;
    }

    private object? Value(CommandNode command, object? dot, bool hasLast, object? last)
    {
        if (command.Operands[0] is not FunctionNode { Function: var function })
        {
            return Value(command.Operands[0], dot);
        }

        Guard(command.Line, static run => run.Budget.Step());
        var given = command.Operands.Length - 1;
        if (function.ShortCircuit is { } stopsAt)
        {
            return UntilDecided(command, dot, hasLast, last, stopsAt);
        }

        var arguments = new object?[given + (hasLast ? 1 : 0)];
        for (var i = 0; i < given; i++)
        {
            arguments[i] = Value(command.Operands[i + 1], dot);
        }

        if (hasLast)
        {
            arguments[^1] = last;
        }

        return Guard(command.Line, (function, arguments), static (run, call) => call.function.Invoke(call.arguments, run));
    }

    /// <summary><c>and</c> and <c>or</c>: what comes after the deciding value is not evaluated.</summary>
    private object? UntilDecided(CommandNode command, object? dot, bool hasLast, object? last, bool stopsAt)
    {
        object? value = null;
        for (var i = 1; i < command.Operands.Length; i++)
        {
            value = Value(command.Operands[i], dot);
            if (GoValue.IsTrue(value) == stopsAt)
            {
                return value;
            }
        }

        return hasLast ? last : command.Operands.Length > 1 ? value : throw Bad(command.Line, $"{((FunctionNode)command.Operands[0]).Function.Name} has too few arguments");
    }

    private object? Value(OperandNode operand, object? dot)
    {
        Guard(operand.Line, static run => run.Budget.Step());
        switch (operand)
        {
            case ConstantNode constant:
                return constant.Value;
            case DotNode:
                return dot;
            case VariableNode variable:
                return Find(variable.Name, variable.Line);
            case PipeNode pipe:
                return Value(pipe, dot);
            case FieldsNode fields:
                return Guard(fields.Line, (Value(fields.Of, dot), fields.Names), static (_, of) => GoValue.FieldsOf(of.Item1, of.Names));
            case FunctionNode function:
                return Value(new CommandNode(function.Line, [function]), dot, hasLast: false, last: null);
            default:
                throw new InvalidOperationException($"A {operand.GetType().Name} is no value.");
        }
    }

    private object? Find(string name, int line)
    {
        var at = _variables.FindLastIndex(variable => variable.Name == name);
        return at >= 0 ? _variables[at].Value : throw Bad(line, $"the variable {name} is not set");
    }

    private void Set(string name, object? value, bool isAssignment)
    {
        if (isAssignment && _variables.FindLastIndex(variable => variable.Name == name) is >= 0 and var at)
        {
            _variables[at] = (name, value);
        }
        else
        {
            _variables.Add((name, value));
        }
    }

    private void Write(string text, int line)
    {
        if (_output.Length + text.Length > TemplateBudget.MostOutput)
        {
            throw Bad(line, $"its result has more than {TemplateBudget.MostOutput} characters");
        }

        _output.Append(text);
    }

    private void Guard(int line, Action<TemplateRun> act) => Guard(line, act, static (run, act) =>
    {
        act(run);
        return 0;
    });

    private T Guard<TState, T>(int line, TState state, Func<TemplateRun, TState, T> act)
    {
        try
        {
            return act(this, state);
        }
        catch (TemplateCallException e)
        {
            throw new TemplateException(program.Name, line, e.Message, e.IsRefusal, e);
        }
    }

    private TemplateException Bad(int line, string reason) => new(program.Name, line, reason);
}
